#include "orchestrator/api/errors.h"

#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

TEST_CASE("errors: the texts of the real API server") {
  const Kind& deployments = kind_of("deployments.apps");
  const Kind& maps = kind_of("configmaps");
  CHECK(not_found(deployments, "web").message == R"(deployments.apps "web" not found)");
  CHECK(already_exists(maps, "a").message == R"(configmaps "a" already exists)");
  CHECK(
      conflict_modified(deployments, "web").message ==
      R"(Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again)");
  CHECK(forbidden(maps, "", "User \"u\" cannot list").message == "configmaps is forbidden: User \"u\" cannot list");
  CHECK(forbidden(maps, "a", "no").message == R"(configmaps "a" is forbidden: no)");
  CHECK(invalid(deployments, "web", {required("spec.x")}).message ==
        R"(Deployment.apps "web" is invalid: spec.x: Required value)");
  CHECK(internal_error("x").message == "Internal error occurred: x");
}

TEST_CASE("errors: a Status carries details and causes, and reads back as the same code") {
  const auto status =
      to_status(invalid(kind_of("pods"), "p", {duplicate("spec.a", "x"), not_supported("spec.b", "y", {"A", "B"})}));
  CHECK(status == json_of(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
      "message":"Pod \"p\" is invalid: [spec.a: Duplicate value: \"x\", spec.b: Unsupported value: \"y\": supported values: \"A\", \"B\"]","reason":"Invalid",
      "details":{"name":"p","kind":"Pod","causes":[{"reason":"FieldValueDuplicate","message":"Duplicate value: \"x\"","field":"spec.a"},
      {"reason":"FieldValueNotSupported","message":"Unsupported value: \"y\": supported values: \"A\", \"B\"","field":"spec.b"}]},"code":422})"));
  CHECK(
      success_status(kind_of("deployments.apps"), "d", "u") ==
      json_of(
          R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"d","group":"apps","kind":"deployments","uid":"u"}})"));
  for (const auto code : {Code::kNotFound, Code::kAlreadyExists, Code::kAborted, Code::kPermissionDenied,
                          Code::kUnauthenticated, Code::kInvalidArgument, Code::kUnavailable, Code::kDeadlineExceeded,
                          Code::kInternal, Code::kResourceExhausted}) {
    const auto error = from_error(Error{.code = code, .message = "m", .hint = {}});
    CHECK(code_of_status(error.code, error.reason) == code);
  }
  CHECK(code_of_status(422, "Invalid") == Code::kInvalidArgument);
  CHECK(code_of_status(200, "") == Code::kOk);
}
