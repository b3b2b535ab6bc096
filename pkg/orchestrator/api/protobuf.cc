#include "orchestrator/api/protobuf.h"

#include <bit>
#include <cstring>

#include "base/strings.h"
#include "orchestrator/api/duration.h"
#include "orchestrator/api/schema.h"

namespace appliance::orchestrator::api {
namespace {

constexpr std::string_view kMagic = {"k8s\0", 4};

enum class Wire : unsigned char { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Item {  // one field as it stands on the wire
  uint32_t number = 0;
  Wire wire = Wire::kVarint;
  uint64_t value = 0;      // varint and fixed
  std::string_view bytes;  // kBytes
};

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::kInvalidArgument, "proto: " + std::string(what));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }

  Result<Item> next() {
    const uint64_t tag = TRY(varint());
    Item item;
    if (tag >> 3U == 0 || tag >> 3U > 536870911) return malformed("illegal tag");
    item.number = static_cast<uint32_t>(tag >> 3U);
    switch (tag & 7U) {
      case 0:
        item.value = TRY(varint());
        return item;
      case 1:
        item.wire = Wire::kFixed64;
        item.value = TRY(fixed(8));
        return item;
      case 2: {
        item.wire = Wire::kBytes;
        const uint64_t size = TRY(varint());
        if (size > rest_.size()) return malformed("unexpected EOF");
        item.bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return item;
      }
      case 5:
        item.wire = Wire::kFixed32;
        item.value = TRY(fixed(4));
        return item;
      default:
        return malformed("illegal wireType " + std::to_string(tag & 7U));
    }
  }

  Result<uint64_t> varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) return malformed("unexpected EOF");
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    return malformed("integer overflow");
  }

 private:
  Result<uint64_t> fixed(size_t size) {
    if (rest_.size() < size) return malformed("unexpected EOF");
    uint64_t value = 0;
    std::memcpy(&value, rest_.data(), size);  // little endian, as the wire
    rest_.remove_prefix(size);
    return value;
  }

  std::string_view rest_;
};

const Field* field_by_number(const Schema& schema, uint32_t number) {
  for (const auto& field : schema.fields)
    if (field.number == number && field.number != 0) return &field;
  return nullptr;
}

class Decoder {
 public:
  Result<> message(const Schema& schema, std::string_view bytes, json::Object& out, size_t depth) {
    if (depth > kProtobufDepthMax) return malformed("messages nested too deeply");
    Reader reader(bytes);
    while (!reader.done()) {
      const Item item = TRY(reader.next());
      if (++values_ > kProtobufValuesMax) return malformed("too many fields in one body");
      const Field* field = field_by_number(schema, item.number);
      if (field == nullptr) continue;
      TRY(this->field(*field, item, out, depth));
    }
    return {};
  }

 private:
  Result<> field(const Field& field, const Item& item, json::Object& out, size_t depth) {
    if (field.is_inline) {
      if (item.wire != Wire::kBytes) return malformed("wrong wireType for an embedded message");
      return message(*field.ref, item.bytes, out, depth + 1);
    }
    if (field.shape == Shape::kMap) return entry(field, item, out, depth);
    if (field.shape == Shape::kList) {
      auto& list = out[field.name];
      if (!list.is_array()) list.emplace_array();
      return element(field, item, list.get_array(), depth);
    }
    bool is_zero = false;
    auto value = TRY(one(field, item, is_zero, depth));
    const bool is_left_out = is_zero && !field.is_pointer && (!field.is_always || value.is_null());
    if (is_left_out || value.is_null()) {
      return {};
    }
    out[field.name] = std::move(value);
    return {};
  }

  Result<> element(const Field& field, const Item& item, json::Array& list, size_t depth) {
    const bool is_integer = field.type == Type::kInt32 || field.type == Type::kInt64;
    bool is_zero = false;
    if (is_integer && item.wire == Wire::kBytes) {  // packed
      Reader reader(item.bytes);
      while (!reader.done()) {
        if (++values_ > kProtobufValuesMax) return malformed("too many fields in one body");
        list.emplace_back(static_cast<int64_t>(TRY(reader.varint())));
      }
      return {};
    }
    auto value = TRY(one(field, item, is_zero, depth));
    list.emplace_back(std::move(value));
    return {};
  }

  Result<> entry(const Field& field, const Item& item, json::Object& out, size_t depth) {
    if (item.wire != Wire::kBytes) return malformed("wrong wireType for a map entry");
    auto& map = out[field.name];
    if (!map.is_object()) map.emplace_object();
    std::string key;
    json::Value value = empty_of(field);
    Reader reader(item.bytes);
    while (!reader.done()) {
      const Item part = TRY(reader.next());
      bool is_zero = false;
      if (part.number == 1 && part.wire == Wire::kBytes) {
        key = part.bytes;
      } else if (part.number == 2) {
        value = TRY(one(field, part, is_zero, depth));
      }
    }
    if (!base::valid_utf8(key)) return malformed("a map key is not UTF-8");
    map.get_object()[key] = std::move(value);
    return {};
  }

  static json::Value empty_of(const Field& field) {
    switch (field.type) {
      case Type::kObject:
      case Type::kRaw:
        return json::Object();
      case Type::kInt32:
      case Type::kInt64:
      case Type::kDouble:
        return 0;
      case Type::kBool:
        return false;
      case Type::kQuantity:
        return "0";
      case Type::kStringList:
        return json::Array();
      default:
        return "";
    }
  }

  // One value; null: Go's zero time, which JSON leaves out.
  Result<json::Value> one(const Field& field, const Item& item, bool& is_zero, size_t depth) {
    switch (field.type) {
      case Type::kBool:
        is_zero = item.value == 0;
        return TRY(number(item)) != 0;
      case Type::kInt32:
        is_zero = item.value == 0;
        return static_cast<int64_t>(static_cast<int32_t>(TRY(number(item))));
      case Type::kInt64:
        is_zero = item.value == 0;
        return static_cast<int64_t>(TRY(number(item)));
      case Type::kDouble:
        if (item.wire != Wire::kFixed64) return malformed("wrong wireType for a double");
        is_zero = item.value == 0;
        return std::bit_cast<double>(item.value);
      default:
        break;
    }
    if (item.wire != Wire::kBytes) return malformed("wrong wireType for field " + std::string(field.name));
    switch (field.type) {
      case Type::kString:
        if (!base::valid_utf8(item.bytes)) return malformed("field " + std::string(field.name) + " is not UTF-8");
        is_zero = item.bytes.empty();
        return json::String(item.bytes);
      case Type::kBytes:
        is_zero = item.bytes.empty();
        return json::String(base::base64(item.bytes));
      case Type::kObject: {
        json::Object object;
        TRY(message(*field.ref, item.bytes, object, depth + 1));
        return json::Value(std::move(object));
      }
      case Type::kIntOrString:
        return int_or_string(item.bytes);
      case Type::kQuantity:
        return quantity(item.bytes, is_zero);
      case Type::kTime:
      case Type::kMicroTime:
        return time(item.bytes, field.type == Type::kMicroTime);
      case Type::kRaw:
        return raw(item.bytes);
      case Type::kStringList:
        return string_list(item.bytes);
      default:
        return malformed("unexpected type");
    }
  }

  static Result<uint64_t> number(const Item& item) {
    if (item.wire != Wire::kVarint) return malformed("wrong wireType for an integer");
    return item.value;
  }

  static Result<json::Value> int_or_string(std::string_view bytes) {  // {1: type (1 = string), 2: int, 3: string}
    bool is_string = false;
    int32_t integer = 0;
    std::string_view text;
    Reader reader(bytes);
    while (!reader.done()) {
      const Item item = TRY(reader.next());
      if (item.number == 1) is_string = item.value == 1;
      if (item.number == 2) integer = static_cast<int32_t>(item.value);
      if (item.number == 3) text = item.bytes;
    }
    if (!base::valid_utf8(text)) return malformed("an int-or-string is not UTF-8");
    if (is_string) return json::Value(json::String(text));
    return json::Value(static_cast<int64_t>(integer));
  }

  static Result<json::Value> quantity(std::string_view bytes, bool& is_zero) {  // {1: string}
    std::string_view text;
    Reader reader(bytes);
    while (!reader.done()) {
      const Item item = TRY(reader.next());
      if (item.number == 1) text = item.bytes;
    }
    is_zero = text.empty() || text == "0";
    if (!base::valid_utf8(text)) return malformed("a quantity is not UTF-8");
    return json::Value(text.empty() ? json::String("0") : json::String(text));
  }

  static Result<json::Value> time(std::string_view bytes, bool is_micro) {  // {1: seconds, 2: nanos}
    if (bytes.empty()) return json::Value(nullptr);
    int64_t seconds = 0;
    int32_t nanos = 0;
    Reader reader(bytes);
    while (!reader.done()) {
      const Item item = TRY(reader.next());
      if (item.number == 1) seconds = static_cast<int64_t>(item.value);
      if (item.number == 2) nanos = static_cast<int32_t>(item.value);
    }
    constexpr int64_t kYear1 = -62135596800;
    constexpr int64_t kYear9999 = 253402300799;
    if (seconds <= kYear1) return json::Value(nullptr);
    if (seconds > kYear9999 || nanos < 0 || nanos > 999'999'999) return malformed("a time is out of range");
    return json::Value(is_micro ? rfc3339_micro(seconds * 1'000'000 + nanos / 1000) : rfc3339(seconds));
  }

  static Result<json::Value> raw(std::string_view bytes) {  // {1: JSON text}
    Reader reader(bytes);
    json::Value out = json::Object();
    while (!reader.done()) {
      const Item item = TRY(reader.next());
      if (item.number == 1 && !item.bytes.empty()) out = TRY(json::parse(item.bytes));
    }
    return out;
  }

  static Result<json::Value> string_list(std::string_view bytes) {  // {1: repeated string}
    json::Array out;
    Reader reader(bytes);
    while (!reader.done()) {
      const Item item = TRY(reader.next());
      if (item.number != 1 || item.wire != Wire::kBytes) continue;
      if (!base::valid_utf8(item.bytes)) return malformed("a string is not UTF-8");
      out.emplace_back(json::String(item.bytes));
    }
    return json::Value(std::move(out));
  }

  size_t values_ = 0;
};

struct Envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;
};

Result<Envelope> read_envelope(std::string_view body) {
  if (!body.starts_with(kMagic))
    return fail(Code::kInvalidArgument,
                "provided data does not appear to be a protobuf message, expected prefix 6b387300");
  Envelope out;
  Reader reader(body.substr(kMagic.size()));
  while (!reader.done()) {
    const Item item = TRY(reader.next());
    if (item.wire != Wire::kBytes) continue;
    if (item.number == 1) {
      Reader type(item.bytes);
      while (!type.done()) {
        const Item part = TRY(type.next());
        if (part.number == 1) out.api_version = part.bytes;
        if (part.number == 2) out.kind = part.bytes;
      }
    } else if (item.number == 2) {
      out.raw = item.bytes;
    } else if (item.number == 3 && !item.bytes.empty()) {
      return fail(Code::kInvalidArgument, "protobuf content encoding is not supported");
    }
  }
  if (!base::valid_utf8(out.api_version) || !base::valid_utf8(out.kind)) return malformed("the type is not UTF-8");
  return out;
}

}  // namespace

Result<json::Value> protobuf_to_json(const Kind& kind, std::string_view body) {
  const Envelope envelope = TRY(read_envelope(body));
  json::Object object;
  if (!envelope.kind.empty()) object["kind"] = json::String(envelope.kind);
  if (!envelope.api_version.empty()) object["apiVersion"] = json::String(envelope.api_version);
  // A body of another kind is refused by the caller, by these two names; its bytes are not read with this schema.
  if (!envelope.kind.empty() && envelope.kind != kind.kind) return json::Value(std::move(object));
  TRY(Decoder().message(*kind.schema, envelope.raw, object, 0));
  return json::Value(std::move(object));
}

}  // namespace appliance::orchestrator::api
