// Label and field selectors: parsed once, matched against the facts of many objects. Pure values.
//
//   auto selector = TRY_API(LabelSelector::parse("app in (web,x),!tier"));
//   if (selector.matches(object.meta.labels)) ...
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/errors.h"
#include "orchestrator/api/kind.h"
#include "orchestrator/api/object.h"

namespace appliance::orchestrator::api {

inline constexpr size_t kSelectorBytesMax = 64U << 10U;  // a query string is shorter; matching is linear in it

struct Requirement {
  enum class Operator : unsigned char { kEquals, kNotEquals, kIn, kNotIn, kExists, kNotExists, kGreater, kLess };
  std::string key;
  Operator op = Operator::kEquals;
  std::vector<std::string> values;  // sorted
  friend bool operator==(const Requirement&, const Requirement&) = default;
};

class LabelSelector {
 public:
  LabelSelector() = default;  // matches everything
  // `a=b,a==b,a!=b,a in (x,y),a notin (x),a,!a,a>1`. 400 with the real server's text on a bad one.
  static ApiResult<LabelSelector> parse(std::string_view text);
  // {matchLabels, matchExpressions}. Null, absent or not an object: matches nothing; an empty object: everything.
  static LabelSelector from_json(const json::Value* selector);
  // A plain map of labels (Service.spec.selector). Null or empty: matches nothing.
  static LabelSelector from_map(const json::Value* labels);

  [[nodiscard]] bool matches(const Labels& labels) const;
  [[nodiscard]] bool matches_nothing() const { return nothing_; }
  [[nodiscard]] bool empty() const { return !nothing_ && requirements_.empty(); }  // matches everything
  [[nodiscard]] std::string string() const;  // canonical: sorted by key, "a=b,c in (d,e)"
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  bool nothing_ = false;
  std::vector<Requirement> requirements_;
};

class FieldSelector {
 public:
  FieldSelector() = default;  // matches everything
  // `metadata.name=x,spec.nodeName!=y`. 400 `field label not supported: spec.foo` for what the kind doesn't offer.
  static ApiResult<FieldSelector> parse(const Kind& kind, std::string_view text);

  [[nodiscard]] bool matches(const Object& object) const;
  [[nodiscard]] bool empty() const { return terms_.empty(); }
  // The value that the selector pins the field to ("metadata.name=x" -> "x"), for point reads; "" when it doesn't.
  [[nodiscard]] std::string_view pinned(std::string_view field) const;
  [[nodiscard]] std::string string() const;

 private:
  struct Term {
    std::string field;
    std::string value;
    bool is_equal = true;
  };
  std::vector<Term> terms_;
};

// {key: value} of an object of strings, sorted.
Labels labels_of(const json::Value* map);

}  // namespace appliance::orchestrator::api
