"""tidy: the acceptance files have their form, and every test that they name exists."""
import pathlib, sys
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from acceptance import judge
problems, *_ = judge(pathlib.Path.cwd())
print("\n".join(problems))
sys.exit(1 if problems else 0)
