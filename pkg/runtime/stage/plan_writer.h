// PlanWriter: the server's side of plan.h. Errors (a NUL inside a text, a plan over the limit) are kept and told by
// finish().
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "runtime/stage/plan.h"

namespace appliance::runtime::stage {

class PlanWriter {
 public:
  explicit PlanWriter(PlanKind kind);
  void text(Tag tag, std::string_view value);
  void number(Tag tag, uint64_t value);  // u32 or u64 by the tag's shape
  void texts(Tag tag, uint32_t number, std::initializer_list<std::string_view> values);
  void device(std::string_view path, uint32_t mode, uint32_t major, uint32_t minor);
  void blob(Tag tag, std::string_view bytes);
  Result<std::string> finish();  // kInvalidArgument names what cannot be said in a plan

 private:
  void record(Tag tag, std::string_view payload);
  std::string bytes_;
  uint32_t records_ = 0;
  std::string problem_;
};

// A sealed memfd with these bytes: what travels over the supervisor's socket.
Result<base::Fd> sealed_memfd(const char* name, std::string_view bytes);

}  // namespace appliance::runtime::stage
