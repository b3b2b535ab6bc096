// The reader: yaml-cpp's events, built into JSON values under limits. Aliases are copies, counted; nothing is shared.
#include "base/yaml/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <istream>
#include <optional>
#include <set>
#include <streambuf>
#include <unordered_map>

#include "base/strings.h"
#include "base/yaml/scalar.h"

namespace appliance::yaml {
namespace {

constexpr size_t kDuplicatesMax = 16;  // paths reported; the rest would drown the reader

struct Refused {  // thrown through yaml-cpp, caught in this file
  std::string why;
};

std::string place(const YAML::Mark& mark) {
  return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
}

size_t count_nodes(const json::Value& value, size_t max) {
  size_t count = 1;
  if (const auto* object = value.if_object(); object != nullptr) {
    for (const auto& member : *object) {
      if (count > max) break;
      count += count_nodes(member.value(), max);
    }
  } else if (const auto* array = value.if_array(); array != nullptr) {
    for (const auto& element : *array) {
      if (count > max) break;
      count += count_nodes(element, max);
    }
  }
  return count;
}

struct Budget {  // of a whole text
  size_t nodes = 0;
  size_t alias_nodes = 0;
  size_t anchor_nodes = 0;
};

class Builder : public YAML::EventHandler {
 public:
  Builder(const ParseLimits& limits, Budget& budget, std::vector<std::string>* duplicates)
      : limits_(limits), budget_(budget), duplicates_(duplicates) {}

  json::Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, nullptr, true); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "an alias stands inside of what it names");
    budget_.alias_nodes += count_nodes(found->second, limits_.alias_nodes_max);
    if (budget_.alias_nodes > limits_.alias_nodes_max)
      refuse(mark,
             "aliases expand to more than " + std::to_string(limits_.alias_nodes_max) + " nodes; write the values out");
    add(mark, 0, found->second, false);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!base::valid_utf8(value)) refuse(mark, "the text is not UTF-8");
    const bool is_plain = tag == "?";
    if (is_plain && expects_key() && value == "<<") {
      frames_.back().key = value;
      frames_.back().is_merge = true;
      return;
    }
    add(mark, anchor, scalar(mark, tag, value), true);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    push(mark, anchor, json::Array());
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    push(mark, anchor, json::Object());
  }
  void OnMapEnd() override { pop(); }

 private:
  struct Frame {
    json::Value value;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    std::optional<std::string> key;  // of the value that comes next
    bool is_merge = false;           // that key is <<
    std::set<std::string> merged;    // keys that came by <<: a later one of the map itself wins
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, const std::string& why) {
    throw Refused{place(mark) + ": " + why};
  }

  [[nodiscard]] bool expects_key() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
  }

  json::Value scalar(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (is_text) return json::String(value);
    if (tag == "tag:yaml.org,2002:binary") return json::String(value);
    auto resolved = resolve_plain(value);
    if (!resolved) refuse(mark, resolved.error().message);
    return std::move(*resolved);
  }

  void count(const YAML::Mark& mark) {
    if (++budget_.nodes > limits_.nodes_max) refuse(mark, "more than " + std::to_string(limits_.nodes_max) + " nodes");
  }

  // Anchors are copies too, and anchors can nest.
  void keep_anchor(const YAML::Mark& mark, YAML::anchor_t anchor, const json::Value& value) {
    budget_.anchor_nodes += count_nodes(value, limits_.nodes_max);
    if (budget_.anchor_nodes > limits_.nodes_max)
      refuse(mark, "anchors hold more than " + std::to_string(limits_.nodes_max) + " nodes");
    anchors_[anchor] = value;
  }

  void push(const YAML::Mark& mark, YAML::anchor_t anchor, json::Value value) {
    count(mark);
    if (expects_key()) refuse(mark, "a key must be a scalar");
    if (frames_.size() >= limits_.depth_max)
      refuse(mark, "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    frames_.push_back(
        {.value = std::move(value), .anchor = anchor, .mark = mark, .key = {}, .is_merge = false, .merged = {}});
  }

  void pop() {
    Frame done = std::move(frames_.back());
    frames_.pop_back();
    if (done.anchor != 0) keep_anchor(done.mark, done.anchor, done.value);
    place_value(done.mark, std::move(done.value));
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, json::Value value, bool is_counted) {
    if (is_counted) count(mark);
    if (anchor != 0) keep_anchor(mark, anchor, value);
    if (expects_key()) {
      frames_.back().key = key_text(mark, value);
      return;
    }
    place_value(mark, std::move(value));
  }

  static std::string key_text(const YAML::Mark& mark, const json::Value& value) {
    if (value.is_string()) return {value.get_string().data(), value.get_string().size()};
    if (value.is_bool()) return value.get_bool() ? "true" : "false";
    if (value.is_int64() || value.is_uint64() || value.is_double()) return json::serialize(value);
    refuse(mark, value.is_null() ? "a key must not be null" : "a key must be a scalar");
  }

  void place_value(const YAML::Mark& mark, json::Value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.value.is_array()) {
      frame.value.get_array().push_back(std::move(value));
      return;
    }
    const std::string key = std::move(*frame.key);
    frame.key.reset();
    if (frame.is_merge) {
      frame.is_merge = false;
      merge(mark, frame, value);
      return;
    }
    auto& object = frame.value.get_object();
    if (object.if_contains(key) != nullptr && frame.merged.erase(key) == 0) report_duplicate(key);
    object[key] = std::move(value);
  }

  static void merge(const YAML::Mark& mark, Frame& frame, const json::Value& value) {
    if (value.is_array()) {
      for (const auto& one : value.get_array()) merge(mark, frame, one);
      return;
    }
    if (!value.is_object()) refuse(mark, "map merge requires map or sequence of maps as the value");
    auto& object = frame.value.get_object();
    for (const auto& member : value.get_object()) {
      if (object.if_contains(member.key()) != nullptr) continue;
      object[member.key()] = member.value();
      frame.merged.insert(std::string(member.key()));
    }
  }

  void report_duplicate(const std::string& key) {
    if (duplicates_ == nullptr || duplicates_->size() >= kDuplicatesMax) return;
    std::string path;
    for (size_t i = 0; i + 1 < frames_.size(); ++i) {
      const Frame& frame = frames_[i];
      if (frame.value.is_array()) {
        path += '[' + std::to_string(frame.value.get_array().size()) + ']';
      } else if (frame.key) {
        path += (path.empty() ? "" : ".") + *frame.key;
      }
    }
    duplicates_->push_back(path.empty() ? key : path + '.' + key);
  }

  const ParseLimits& limits_;
  Budget& budget_;
  std::vector<std::string>* duplicates_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, json::Value> anchors_;
  json::Value root_;
};

// An istream over borrowed bytes, without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // the get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

std::unexpected<Error> not_yaml(const std::string& why) { return fail(Code::kInvalidArgument, "yaml: " + why); }

Result<std::vector<json::Value>> read(std::string_view text, const ParseLimits& limits,
                                      std::vector<std::string>* duplicates, size_t documents_max) {
  if (text.size() > limits.bytes_max)
    return not_yaml("the text has " + std::to_string(text.size()) + " bytes: at most " +
                    std::to_string(limits.bytes_max) + " are allowed");
  std::vector<json::Value> out;
  size_t number = 1;
  const auto where = [&] { return number == 1 ? std::string() : "document " + std::to_string(number) + ": "; };
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    Budget budget;
    while (true) {
      Builder builder(limits, budget, duplicates);
      if (!parser.HandleNextDocument(builder)) return out;
      if (number > documents_max)
        return not_yaml(documents_max == 1 ? "several documents where one is expected"
                                           : "more than " + std::to_string(documents_max) + " documents");
      out.push_back(builder.take());
      ++number;
    }
  } catch (const Refused& refused) {
    return not_yaml(where() + refused.why);
  } catch (const YAML::Exception& error) {
    return not_yaml(where() + place(error.mark) + ": " + error.msg);
  } catch (const std::exception& error) {
    return not_yaml(where() + error.what());
  }
}

}  // namespace

Result<json::Value> parse(std::string_view text, const ParseLimits& limits, std::vector<std::string>* duplicates) {
  auto documents = TRY(read(text, limits, duplicates, 1));
  return documents.empty() ? json::Value(nullptr) : std::move(documents.front());
}

Result<std::vector<json::Value>> parse_all(std::string_view text, const ParseLimits& limits) {
  auto documents = TRY(read(text, limits, nullptr, limits.documents_max));
  std::erase_if(documents, [](const json::Value& one) { return one.is_null(); });
  return documents;
}

}  // namespace appliance::yaml
