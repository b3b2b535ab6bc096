"""tidy: the README's table of promises is today's."""
import subprocess, sys
sys.exit(subprocess.run([sys.executable, "scripts/readme-table", "--check"]).returncode)
