import subprocess
import sys

from hanzi_lsgan.config_folder import config_folder


def test_recipes_and_presets_come_with_the_program() -> None:
    assert (config_folder() / "quick32.toml").is_file()
    assert (config_folder() / "writing" / "letter.toml").is_file()


def test_presets_are_read_without_torch() -> None:
    script = (
        "import sys; from hanzi_lsgan.writing.settings import preset_names; preset_names();"
        "print([name for name in ('torch', 'h5py') if name in sys.modules])"
    )
    arguments = [sys.executable, "-c", script]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
