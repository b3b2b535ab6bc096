"""`make up` on a bare Debian 12, from `git clone` to the demo's page: packages, build, cluster; then once more."""
from bench._bare import prove

prove("up", {"up": ("bare Debian 12: `make up`, {how}", "-"), "up-again": ("a second `make up`", "0.2")})
