// fuzz: deps=api
// Request bodies as the API server reads them: JSON and protobuf by the first byte. What decodes must survive defaults,
// validation, storing and reading back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "orchestrator/api/engine.h"
#include "orchestrator/api/object.h"

using namespace appliance;
using namespace appliance::orchestrator::api;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static const auto kTable = builtin_kinds();
  const Kind& kind = kTable->all()[data[0] % kTable->all().size()];
  const bool is_protobuf = data[1] % 2 == 1;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  auto decoded = decode(kind, body, is_protobuf ? "application/vnd.kubernetes.protobuf" : "application/json",
                        FieldValidation::kWarn);
  if (!decoded) return 0;
  json::Value object = std::move(decoded->object);
  prepare_create(kind, object);
  const auto errors = validate(kind, object, nullptr);
  (void)invalid(kind, "x", errors);  // the texts must build
  if (!errors.empty() || !kind.stored) return 0;
  auto stored = make_object(kind, 1, std::make_shared<const std::string>(stored_bytes(object)));
  if (!stored) std::abort();
  (void)kind.cells((*stored)->document(), 0);
  json::Value again = object;
  prepare_update(kind, again, object, "");
  if (again != object) std::abort();  // an update that changes nothing is a no-op
  return 0;
}
