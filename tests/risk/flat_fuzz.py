"""Fuzz the compiled reader: ``just fuzz [SECONDS]``.

Where clang has libFuzzer, coverage guides it; else the compiler `cc` builds a mutator of the corpus
from the same source. Both run under the address and undefined-behaviour sanitizers. What is found
lies in the folder of the build, and the exit code is not 0.
"""

import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).with_name("flat_fuzz.c")
CORPUS = Path(__file__).with_name("flat_corpus")
SOURCE = Path(__file__).parents[2] / "risk" / "ingest" / "native" / "flat.c"
_SANITIZERS = "address,undefined"


def corpus(folder: Path) -> list[Path]:
    """Lay out the inputs: the files written by hand, and those that fuzzing found, one a line."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = [path.read_bytes() for path in CORPUS.iterdir() if path.suffix != ".hex"]
    inputs += map(bytes.fromhex, (CORPUS / "found.hex").read_text(encoding="ascii").split())
    paths = [folder / f"{number:04}" for number in range(len(inputs))]
    for path, content in zip(paths, inputs, strict=True):
        path.write_bytes(content)
    return paths


def build(folder: Path, compiler: str, *options: str, source: Path = SOURCE) -> Path:
    """Compile the harness with the reader twice: sixteen bytes at a time, and one by one."""
    checks = ("-g", "-O1", f"-fsanitize={_SANITIZERS}", "-fno-sanitize-recover=all")
    slow, fuzz = folder / "one_by_one.o", folder / "fuzz"
    renamed = ("-DONE_BY_ONE", "-Dread_flat=read_one_by_one", "-Dflat_source=source_one_by_one")
    includes = (f"-I{source.parent}", f"-I{SOURCE.parent}")
    commands: list[list[str | Path]] = [
        [compiler, *checks, *renamed, "-c", "-o", slow, SOURCE],
        [compiler, *checks, *options, *includes, "-o", fuzz, HARNESS, slow],
    ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, text=True)
    return fuzz


def main(folder: Path, seconds: int) -> int:
    inputs = corpus(folder / "corpus")
    try:
        fuzz = build(folder, "clang", "-DFUZZER", "-fsanitize=fuzzer")
    except (OSError, subprocess.CalledProcessError):
        print("no clang with libFuzzer here: mutations without coverage", file=sys.stderr)
        fuzz = build(folder, "cc")
        return subprocess.run([fuzz, str(seconds), *inputs], check=False).returncode
    options = [f"-max_total_time={seconds}", "-max_len=4096", f"-artifact_prefix={folder}/"]
    return subprocess.run([fuzz, *options, folder / "corpus"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path("var/fuzz"), int(sys.argv[1]) if len(sys.argv) > 1 else 60))
