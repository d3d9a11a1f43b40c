"""`python -m hanzi_lsgan` is the program `hanzi-lsgan`."""

from hanzi_lsgan.cli import main

if __name__ == "__main__":
    main()
