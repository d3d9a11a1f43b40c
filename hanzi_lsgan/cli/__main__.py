"""`python -m hanzi_lsgan.cli` is the program `hanzi-lsgan`."""

from hanzi_lsgan.cli import main

main()
