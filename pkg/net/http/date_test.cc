#include "net/http/date.h"

#include <catch2/catch.hpp>

namespace appliance::net::http {

TEST_CASE("http date: the preferred form is read, everything else is none") {
  const auto time = parse_date("Sun, 06 Nov 1994 08:49:37 GMT");
  REQUIRE(time.has_value());
  CHECK(base::format_rfc3339(*time) == "1994-11-06T08:49:37Z");
  for (const auto* bad : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37 GMT and more", "Sunday, 06-Nov-94 08:49:37 GMT"})
    CHECK_FALSE(parse_date(bad).has_value());
}

}  // namespace appliance::net::http
