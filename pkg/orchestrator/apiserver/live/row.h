// One object as a ROW of the dashboard's stream: what kubectl's Table shows, what is wrong with it, and what the pages
// need beside it. Pure; the fields are described in docs/dashboard-stream.md.
//
//   RowMaker rows(unix_seconds(clock.now()));
//   Row row = rows.make(*object);   // row.text is JSON
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/api/object.h"
#include "orchestrator/apiserver/live/problem.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr size_t kRowLabelBytesMax = 1024;  // labels that are longer are left out: a row is ~500 bytes

struct Row {
  std::string text;
  Problem problem;
};

// Makes rows one after the other in memory that it keeps; not thread-safe.
class RowMaker {
 public:
  explicit RowMaker(int64_t now_seconds);
  Row make(const api::Object& object);
  // The same, unless `wanted` says no to what is wrong with it: then `text` is empty.
  Row make_if(const api::Object& object, bool (*wanted)(const Problem&));
  Problem problem(const api::Object& object);

 private:
  int64_t now_seconds_;
  std::vector<unsigned char> scratch_;
};

// Of an event: uid of what it is about. "" of all else.
std::string about_uid(const api::Object& object);

}  // namespace appliance::orchestrator::apiserver::live
