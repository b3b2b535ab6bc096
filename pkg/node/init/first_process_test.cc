#include "node/init/first_process.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/fd.h"
#include "base/fs.h"
#include "node/init/machine.h"

namespace appliance::node::init {

using Words = std::vector<std::string>;

TEST_CASE("init: a console line becomes the words of a verb") {
  CHECK(console_words("get pods -o json\r\n").value() == Words{"get", "pods", "-o", "json"});
  CHECK(console_words("  apply\t-f \"/a b.yaml\"\n").value() == Words{"apply", "-f", "/a b.yaml"});
  CHECK(console_words("x \"\" y\"z w\"").value() == Words{"x", "", "yz w"});
  CHECK(console_words(" \r\n").value().empty());
  CHECK(console_words("get \"pods").error().code == Code::kInvalidArgument);
}

TEST_CASE("init: no list of modules loads none; a module that cannot be loaded is named and the rest is tried") {
  CHECK(load_modules("/nonexistent/load").empty());
  char list[] = "/tmp/appliance-modules-XXXXXX";
  const base::Fd file(mkstemp(list));
  REQUIRE(file);
  REQUIRE(base::write_file(list, "/nonexistent/a.ko\n\n/nonexistent/b.ko\n"));
  const auto problems = load_modules(list);
  CHECK(unlink(list) == 0);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].message.find("/nonexistent/a.ko") != std::string::npos);
  CHECK(problems[1].message.find("/nonexistent/b.ko") != std::string::npos);
}

}  // namespace appliance::node::init
