// fuzz: deps=api
// All three patch types against a pod; the first byte chooses, the rest is the patch.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "orchestrator/api/patch.h"

using namespace appliance;
using namespace appliance::orchestrator::api;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  static const auto kTable = builtin_kinds();
  static const Kind& kKind = *kTable->find("", "v1", "pods");
  static const json::Value kPod = [] {
    auto pod = json::parse(
        R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"d","labels":{"a":"b"},"finalizers":["x/a","x/b"]},
        "spec":{"containers":[{"name":"a","image":"i","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"ports":[{"containerPort":80}]},{"name":"b","image":"j"}],
        "volumes":[{"name":"v","emptyDir":{}}],"tolerations":[{"key":"k","operator":"Exists"}]}})");
    APP_CHECK(pod.has_value());
    set_defaults(kKind, *pod);
    return std::move(*pod);
  }();
  const auto type = static_cast<PatchType>(data[0] % 3);
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> warnings;
  auto patched = apply_patch(kKind, type, kPod, body, FieldValidation::kWarn, &warnings);
  if (!patched) return 0;
  prepare_update(kKind, *patched, kPod, "");
  (void)invalid(kKind, "p", validate(kKind, *patched, &kPod));
  return 0;
}
