"""tidy: what the build is made with: clang-19, C++23, ninja, ccache where there is one, and the presets dev, release, asan and tsan."""
import json, pathlib, re, subprocess, sys

root = pathlib.Path.cwd()
problems = []
presets = {p["name"]: p for p in json.loads((root / "CMakePresets.json").read_text())["configurePresets"]}
WANTED = {"dev": {"CMAKE_BUILD_TYPE": "Debug", "CMAKE_CXX_FLAGS": "-O0"}, "release": {"CMAKE_BUILD_TYPE": "Release", "APP_STATIC": "ON"},
          "asan": {"APP_SANITIZE": "address,undefined"}, "tsan": {"APP_SANITIZE": "thread"}}


def resolved(name, key):
    """A preset's value with what it inherits; maps are merged."""
    own = presets.get(name, {})
    parent = own.get("inherits")
    above = resolved(parent, key) if parent else None
    return {**(above or {}), **own.get(key, {})} if isinstance(own.get(key, above), dict) else own.get(key, above)


# CMake itself must know them, not only we.
listed = re.findall(r'^\s*"(\w+)"', subprocess.run(["cmake", "--list-presets=configure"], capture_output=True, text=True, cwd=root).stdout, re.M)
for name, wanted in WANTED.items():
    if name not in listed:
        problems.append(f"CMakePresets.json: cmake knows no preset {name}")
        continue
    variables = resolved(name, "cacheVariables") or {}
    for key, value in {**wanted, "CMAKE_C_COMPILER": "clang-19", "CMAKE_CXX_COMPILER": "clang++-19"}.items():
        if value not in variables.get(key, ""):
            problems.append(f"CMakePresets.json: {name}: {key} is {variables.get(key)}, not {value}")
    if resolved(name, "generator") != "Ninja":
        problems.append(f"CMakePresets.json: {name}: the generator is not Ninja")
    if resolved(name, "binaryDir") != "${sourceDir}/build/${presetName}":
        problems.append(f"CMakePresets.json: {name} does not build in build/{name}")
lists = (root / "CMakeLists.txt").read_text()
for what, pattern in {"C++23": r"^set\(CMAKE_CXX_STANDARD 23\)$", "C++23 and no less": r"^set\(CMAKE_CXX_STANDARD_REQUIRED ON\)$",
                      "ccache where it is found": r"^find_program\(APP_CCACHE ccache\)\nif\(APP_CCACHE\)\n(?:.*\n)*?.*CMAKE_CXX_COMPILER_LAUNCHER"}.items():
    if not re.search(pattern, lists, re.M):
        problems.append(f"CMakeLists.txt: does not ask for {what}")
print("\n".join(problems))
sys.exit(1 if problems else 0)
