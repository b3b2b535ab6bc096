#include "orchestrator/api/schema.h"

namespace appliance::orchestrator::api {

const Field* find_field(const Schema& schema, std::string_view name) {
  for (const auto& field : schema.fields) {
    if (field.is_inline) {
      if (const Field* found = find_field(*field.ref, name); found != nullptr) return found;
    } else if (field.name == name) {
      return &field;
    }
  }
  return nullptr;
}

void each_field(const Schema& schema, void (*visit)(void* context, const Field& field), void* context) {
  for (const auto& field : schema.fields) {
    if (field.is_inline) {
      each_field(*field.ref, visit, context);
    } else {
      visit(context, field);
    }
  }
}

}  // namespace appliance::orchestrator::api
