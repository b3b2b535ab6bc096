#include "node/dev/fixture_hostile.h"

namespace appliance::node::dev {
namespace {

constexpr std::string_view kTexts[] = {
    "<script>window.__hostile=1;document.title='owned'</script>",
    "<img src=x onerror=\"window.__hostile=1\">",
    "\"><svg/onload=window.__hostile=1>",
    "javascript:window.__hostile=1//",
    "'-window.__hostile=1-'",
    "{{constructor.constructor('window.__hostile=1')()}} ${window.__hostile=1}",
    "\x1b[31mred\x1b[0m \x1b[2J\x1b[H\x1b]0;title\x07 \x1b]8;;https://example.com/\x1b\\link\x1b]8;;\x1b\\ \x1b[?1049h",
    "\x1b[38;2;255;0;0m\x1b[48;5;196m\x1b[7m\x1b[9999999999m\x1b[",
    "gnp.\xe2\x80\xae"
    "cod.exe \xe2\x81\xa6isolated\xe2\x81\xa9 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85",
    "zero\xe2\x80\x8bwidth \xef\xbb\xbf"
    "bom \xc2\xa0nbsp \xe2\x80\xa8line separator",
    "Z\xcc\xb6\xcc\xa7\xcd\x94\xcc\xac\xcd\x96\xcc\x81\xcd\x86\xcc\x90"
    "algo \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\xe2\x80\x8d\xf0\x9f\x91\xa6",
    "__proto__",
    "constructor",
    "</pre></div></body><h1>not yours</h1><!--",
    "<style>*{display:none!important}</style><base href=https://example.com/>",
    "%3Cscript%3E &lt;b&gt; &#x3c;script&#x3e; \\u003cscript\\u003e",
    "tab\there\rreturn\bback\x01\x02\x7f",
};

}  // namespace

std::span<const std::string_view> hostile_texts() { return kTexts; }

std::string_view hostile_text(size_t i) { return kTexts[i % std::size(kTexts)]; }

std::string long_text(size_t bytes) {
  std::string out;
  out.reserve(bytes);
  while (out.size() < bytes) out += "0123456789abcdefghijklmnopqrstuvwxyz-";
  out.resize(bytes);
  return out;
}

}  // namespace appliance::node::dev
