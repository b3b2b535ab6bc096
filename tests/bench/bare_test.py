"""`make test` on a bare Debian 12, from `git clone` to its last line."""
from bench._bare import prove

prove("test", {"test": ("bare Debian 12: `make test`, {how}", "40")})
