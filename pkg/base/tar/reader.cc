#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/strings.h"
#include "base/tar/tar.h"

namespace appliance::base::tar {

namespace {

constexpr size_t kBlock = 512;
constexpr size_t kNameMax = 255;  // NAME_MAX
// Data lengths beyond this can't be real and would overflow the padding arithmetic.
constexpr uint64_t kSizeMax = 1ULL << 50U;

std::string_view field(const char* block, size_t offset, size_t size) {
  const std::string_view all(block + offset, size);
  return all.substr(0, std::min(all.find('\0'), size));
}

// Octal text, or base-256 when the first byte has its top bit set (GNU). Blank is 0.
Result<int64_t> number(const char* block, size_t offset, size_t size, std::string_view what) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(block + offset);
  if ((bytes[0] & 0x80U) != 0) {
    const bool negative = (bytes[0] & 0x40U) != 0;
    uint64_t value = negative ? ~0ULL : 0;
    for (size_t i = 0; i < size; ++i) {
      const unsigned char b = i == 0 ? (negative ? bytes[0] : bytes[0] & 0x7fU) : bytes[i];
      if (i + 8 < size && b != (negative ? 0xff : 0)) {
        return fail(Code::kInvalidArgument, "tar: " + std::string(what) + " is out of range");
      }
      value = value << 8U | b;
    }
    return static_cast<int64_t>(value);
  }
  std::string_view text = field(block, offset, size);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return fail(Code::kDataLoss, "tar: " + std::string(what) + " is not a number");
    if (value >> 60U != 0) return fail(Code::kInvalidArgument, "tar: " + std::string(what) + " is out of range");
    value = value << 3U | static_cast<uint64_t>(c - '0');
  }
  return static_cast<int64_t>(value);
}

// The sum over the header with the checksum field as blanks; old archivers summed signed bytes.
bool checksum_fits(const char* block) {
  const auto stated = number(block, 148, 8, "checksum");
  if (!stated) return false;
  int64_t plain = 0;
  int64_t with_sign = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const char c = i >= 148 && i < 156 ? ' ' : block[i];
    plain += static_cast<unsigned char>(c);
    with_sign += static_cast<signed char>(c);
  }
  return *stated == plain || *stated == with_sign;
}

using Records = std::map<std::string, std::string>;

// pax records: "LENGTH KEY=VALUE\n", LENGTH in decimal over the whole record.
Result<> parse_pax(std::string_view text, Records& records) {
  while (!text.empty()) {
    const size_t blank = text.find(' ');
    const auto length = parse_int<uint64_t>(text.substr(0, std::min(blank, text.size())));
    if (blank == std::string_view::npos || blank > 20 || !length || *length < blank + 3 || *length > text.size() ||
        text[*length - 1] != '\n') {
      return fail(Code::kDataLoss, "tar: a pax record is malformed");
    }
    const std::string_view record = text.substr(blank + 1, *length - blank - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) return fail(Code::kDataLoss, "tar: a pax record has no key");
    records[std::string(record.substr(0, equals))] = record.substr(equals + 1);
    text.remove_prefix(*length);
  }
  return {};
}

// "-12.5" -> -13 s, 500000000 ns.
Result<> parse_time(std::string_view text, Entry& entry) {
  const size_t dot = text.find('.');
  const auto seconds = parse_int<int64_t>(text.substr(0, std::min(dot, text.size())));
  if (!seconds) return fail(Code::kInvalidArgument, "tar: pax mtime is not a number");
  entry.mtime_s = *seconds;
  entry.mtime_ns = 0;
  if (dot == std::string_view::npos) return {};
  std::string fraction(text.substr(dot + 1, 9));
  fraction.resize(9, '0');
  const auto nanos = parse_int<uint32_t>(fraction);
  if (!nanos) return fail(Code::kInvalidArgument, "tar: pax mtime is not a number");
  entry.mtime_ns = *nanos;
  if (text.front() == '-' && *nanos != 0) {
    if (*seconds == INT64_MIN) return fail(Code::kInvalidArgument, "tar: pax mtime is out of range");
    entry.mtime_s -= 1;
    entry.mtime_ns = 1'000'000'000U - *nanos;
  }
  return {};
}

template <class T>
Result<> parse_number(const std::string& text, std::string_view key, T& out) {
  const auto value = parse_int<T>(text);
  if (!value) return fail(Code::kInvalidArgument, "tar: pax " + std::string(key) + " is not a number in range");
  out = *value;
  return {};
}

Result<> apply_pax(const Records& records, Entry& entry) {
  constexpr std::string_view kXattr = "SCHILY.xattr.";
  for (const auto& [key, value] : records) {
    if (key.starts_with("GNU.sparse.")) {
      return fail(Code::kInvalidArgument, "tar: sparse files are not supported: " + entry.path);
    }
    if (key == "path")
      entry.path = value;
    else if (key == "linkpath")
      entry.link = value;
    else if (key == "size")
      TRY(parse_number(value, key, entry.size));
    else if (key == "uid")
      TRY(parse_number(value, key, entry.uid));
    else if (key == "gid")
      TRY(parse_number(value, key, entry.gid));
    else if (key == "mtime")
      TRY(parse_time(value, entry));
    else if (key.starts_with(kXattr))
      entry.xattrs[key.substr(kXattr.size())] = value;
  }
  return {};
}

Result<Type> type_of(char flag, std::string_view path) {
  switch (flag) {
    case '\0':
    case '0':
    case '7':
      return path.ends_with('/') ? Type::kDirectory : Type::kFile;  // v7 archives mark folders by the slash
    case '1':
      return Type::kHardlink;
    case '2':
      return Type::kSymlink;
    case '3':
      return Type::kCharDevice;
    case '4':
      return Type::kBlockDevice;
    case '5':
      return Type::kDirectory;
    case '6':
      return Type::kFifo;
    case 'S':
      return fail(Code::kInvalidArgument, "tar: sparse files are not supported: " + std::string(path));
    default:
      break;
  }
  const std::string shown = flag > ' ' && flag < 127 ? std::string(1, flag) : hex(std::string_view(&flag, 1));
  return fail(Code::kInvalidArgument, "tar: entry type '" + shown + "' is not supported: " + std::string(path));
}

Result<uint32_t> id_field(const char* block, size_t offset, std::string_view what) {
  const int64_t value = TRY(number(block, offset, 8, what));
  if (value < 0 || value > UINT32_MAX)
    return fail(Code::kInvalidArgument, "tar: " + std::string(what) + " is out of range");
  return static_cast<uint32_t>(value);
}

Result<Entry> parse_header(const char* block) {
  Entry entry;
  entry.path = field(block, 0, 100);
  if (std::memcmp(block + 257, "ustar\0", 6) == 0) {
    const std::string_view prefix = field(block, 345, 155);
    if (!prefix.empty()) entry.path = std::string(prefix) + '/' + entry.path;
  }
  entry.link = field(block, 157, 100);
  entry.mode = static_cast<uint32_t>(TRY(number(block, 100, 8, "mode")) & 07777);
  entry.uid = TRY(id_field(block, 108, "uid"));
  entry.gid = TRY(id_field(block, 116, "gid"));
  const int64_t size = TRY(number(block, 124, 12, "size"));
  if (size < 0) return fail(Code::kInvalidArgument, "tar: size is negative");
  entry.size = static_cast<uint64_t>(size);
  entry.mtime_s = TRY(number(block, 136, 12, "mtime"));
  if (block[156] == '3' || block[156] == '4') {
    entry.device_major = TRY(id_field(block, 329, "device major"));
    entry.device_minor = TRY(id_field(block, 337, "device minor"));
  }
  return entry;
}

std::string without_final_nul(std::string text) {
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

}  // namespace

struct Reader::Overrides {
  std::string path;
  std::string link;
  Records pax;
};

Result<bool> Reader::read_block(char* block) {
  const size_t n = TRY(compress::read_full(source_, {block, kBlock}));
  if (n == 0) return false;
  if (n < kBlock) return fail(Code::kDataLoss, "tar: the archive is cut short");
  return true;
}

Result<size_t> Reader::read(std::span<char> out) {
  const size_t want = static_cast<size_t>(std::min<uint64_t>(out.size(), data_left_));
  if (want == 0) return 0;
  const size_t n = TRY(source_.read(out.first(want)));
  if (n == 0) return fail(Code::kDataLoss, "tar: the archive is cut short");
  data_left_ -= n;
  return n;
}

Result<> Reader::skip_data() {
  std::array<char, 16384> waste;
  while (data_left_ > 0) TRY(read(waste));
  data_left_ = std::exchange(padding_left_, 0);
  while (data_left_ > 0) TRY(read(waste));
  return {};
}

Result<std::string> Reader::read_payload(uint64_t size, size_t bytes_max, std::string_view what) {
  if (size > bytes_max) {
    return fail(Code::kResourceExhausted,
                "tar: " + std::string(what) + " is longer than " + std::to_string(bytes_max) + " bytes");
  }
  data_left_ = size;
  padding_left_ = (kBlock - size % kBlock) % kBlock;
  std::string out(size, '\0');
  for (size_t done = 0; done < size;) done += TRY(read({out.data() + done, out.size() - done}));
  TRY(skip_data());
  return out;
}

Result<std::optional<Entry>> Reader::next() {
  TRY(skip_data());
  auto entry = TRY(next_entry());
  if (!entry) return entry;
  if (++entries_ > limits_.entries_max) {
    return fail(Code::kResourceExhausted, "tar: more than " + std::to_string(limits_.entries_max) + " entries");
  }
  if (entry->path.size() > limits_.path_bytes_max || entry->link.size() > limits_.path_bytes_max) {
    return fail(Code::kResourceExhausted,
                "tar: a path is longer than " + std::to_string(limits_.path_bytes_max) + " bytes");
  }
  if (entry->size > kSizeMax) return fail(Code::kInvalidArgument, "tar: size is out of range: " + entry->path);
  data_left_ = entry->size;
  padding_left_ = (kBlock - entry->size % kBlock) % kBlock;
  if (entry->type != Type::kFile) entry->size = 0;  // stray data of links and folders is skipped
  return entry;
}

Result<std::optional<Entry>> Reader::next_entry() {
  Overrides over;
  over.pax = global_pax_;
  bool dangling = false;  // a header about an entry that must follow
  for (int headers = 0;; ++headers) {
    if (headers > 8) return fail(Code::kInvalidArgument, "tar: too many extended headers in a row");
    char block[kBlock];
    if (!TRY(read_block(block))) {
      if (dangling) return fail(Code::kDataLoss, "tar: the archive is cut short");
      return std::nullopt;
    }
    if (std::ranges::all_of(block, [](char c) { return c == '\0'; })) {
      if (dangling) return fail(Code::kDataLoss, "tar: an extended header without an entry");
      return std::nullopt;
    }
    if (!checksum_fits(block)) return fail(Code::kDataLoss, "tar: a header's checksum is wrong");
    const char flag = block[156];
    Entry entry = TRY(parse_header(block));
    if (flag == 'L' || flag == 'K') {
      std::string text = TRY(read_payload(entry.size, limits_.path_bytes_max + 1, "a long name"));
      (flag == 'L' ? over.path : over.link) = without_final_nul(std::move(text));
    } else if (flag == 'x' || flag == 'X') {
      const std::string text = TRY(read_payload(entry.size, limits_.pax_bytes_max, "a pax header"));
      TRY(parse_pax(text, over.pax));
    } else if (flag == 'g') {
      const std::string text = TRY(read_payload(entry.size, limits_.pax_bytes_max, "a pax header"));
      TRY(parse_pax(text, global_pax_));
      size_t total = 0;
      for (const auto& [key, value] : global_pax_) total += key.size() + value.size();
      if (total > limits_.pax_bytes_max) return fail(Code::kResourceExhausted, "tar: too many global pax records");
      for (const auto& [key, value] : global_pax_) over.pax.try_emplace(key, value);
      continue;
    } else {
      if (!over.path.empty()) entry.path = over.path;
      if (!over.link.empty()) entry.link = over.link;
      TRY(apply_pax(over.pax, entry));
      entry.type = TRY(type_of(flag, entry.path));
      return entry;
    }
    dangling = true;
  }
}

Result<std::string> normalize(std::string_view path) {
  const auto refuse = [&](std::string_view why) {
    return fail(Code::kInvalidArgument, "path \"" + std::string(path.substr(0, 200)) + "\": " + std::string(why));
  };
  if (path.empty()) return refuse("is empty");
  if (path.find('\0') != std::string_view::npos) return refuse("holds a NUL");
  std::string out;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse("leads out of its folder by \"..\"");
    if (part.size() > kNameMax) return refuse("a name is longer than 255 bytes");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

}  // namespace appliance::base::tar
