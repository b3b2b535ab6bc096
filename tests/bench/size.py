"""The binary's size, and of the program inside it that supervises pods."""
import os
from e2e.harness import BINARY, ROOT
from bench._common import *

line("binary, MB", f"{os.path.getsize(BINARY) / 1e6:.2f}", "16")
line("stage, KB", f"{os.path.getsize(ROOT / 'build/release/embedded/stage') / 1e3:.0f}", "150")
