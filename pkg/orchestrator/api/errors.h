// ApiError: what a Status object says, before it is one; and FieldError, one line of a 422.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"

namespace appliance::orchestrator::api {

struct Kind;

struct Cause {
  std::string reason;   // FieldValueInvalid
  std::string message;  // Invalid value: "x": must be ...
  std::string field;    // spec.replicas
};

struct FieldError {
  enum class Type : unsigned char {
    kRequired,
    kInvalid,
    kNotSupported,
    kForbidden,
    kDuplicate,
    kNotFound,
    kTooLong,
    kTooMany,
    kTypeInvalid
  };
  Type type = Type::kInvalid;
  std::string field;  // "spec.containers[0].image"; "" = the object
  std::string value;  // JSON text of the offending value, for kInvalid, kNotSupported, kDuplicate, kNotFound
  std::string detail;
};
FieldError required(std::string field, std::string detail = {});
FieldError invalid(std::string field, const json::Value& value, std::string detail);
FieldError forbidden(std::string field, std::string detail);
FieldError not_supported(std::string field, const json::Value& value, std::vector<std::string> supported);
FieldError duplicate(std::string field, const json::Value& value);
FieldError not_found(std::string field, const json::Value& value);
std::string message_of(const FieldError& error);  // `spec.x: Invalid value: "..": reason`

struct ApiError {
  int code = 500;
  std::string reason;  // NotFound, AlreadyExists, Conflict, Invalid, BadRequest, Forbidden, ...
  std::string message;
  std::string name;   // details.name
  std::string group;  // details.group
  std::string kind;   // details.kind: plural for NotFound, AlreadyExists, Conflict, Forbidden; the Kind for Invalid
  std::string uid;
  std::vector<Cause> causes;
  int retry_after_seconds = 0;
};

// The texts of the real API server (kube-api page 3.4).
ApiError not_found(const Kind& kind, std::string_view name);
ApiError already_exists(const Kind& kind, std::string_view name);
ApiError conflict(const Kind& kind, std::string_view name,
                  std::string_view why);  // "Operation cannot be fulfilled on ..."
ApiError conflict_modified(const Kind& kind, std::string_view name);
ApiError invalid(const Kind& kind, std::string_view name, const std::vector<FieldError>& errors);
ApiError bad_request(std::string message);
ApiError forbidden(const Kind& kind, std::string_view name, std::string_view why);
ApiError internal_error(std::string message);
ApiError from_error(const Error& error);  // by Code
json::Value to_status(const ApiError& error);
json::Value success_status(const Kind& kind, std::string_view name, std::string_view uid);
Code code_of_status(int http_code, std::string_view reason);  // for clients: Status -> Code

template <class T = void>
using ApiResult = std::expected<T, ApiError>;

}  // namespace appliance::orchestrator::api
