#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "base/tar/tar.h"

namespace appliance::base::tar {

namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kOctal7 = (1ULL << 21U) - 1;   // fits "%07o"
constexpr uint64_t kOctal11 = (1ULL << 33U) - 1;  // fits "%011o"

char type_flag(Type type) {
  switch (type) {
    case Type::kFile:
      return '0';
    case Type::kHardlink:
      return '1';
    case Type::kSymlink:
      return '2';
    case Type::kCharDevice:
      return '3';
    case Type::kBlockDevice:
      return '4';
    case Type::kDirectory:
      return '5';
    case Type::kFifo:
      return '6';
  }
  return '0';
}

void put_text(char* block, size_t offset, size_t size, std::string_view text) {
  std::memcpy(block + offset, text.data(), std::min(size, text.size()));
}

void put_octal(char* block, size_t offset, int digits, uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
  put_text(block, offset, static_cast<size_t>(digits), text);
}

// What the record's own length says includes its digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const size_t body = key.size() + value.size() + 3;  // blank, '=', line end
  size_t length = body + 1;
  while (std::to_string(length).size() + body != length) length = std::to_string(length).size() + body;
  std::string out = std::to_string(length);
  out += ' ';
  out += key;
  out += '=';
  out += value;
  out += '\n';
  return out;
}

bool plain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

std::string pax_records(const Entry& entry, std::string_view path) {
  std::string out;
  if (path.size() > 100 || !plain(path)) out += pax_record("path", path);
  if (entry.link.size() > 100 || !plain(entry.link)) out += pax_record("linkpath", entry.link);
  if (entry.size > kOctal11) out += pax_record("size", std::to_string(entry.size));
  if (entry.uid > kOctal7) out += pax_record("uid", std::to_string(entry.uid));
  if (entry.gid > kOctal7) out += pax_record("gid", std::to_string(entry.gid));
  if (entry.mtime_s < 0 || static_cast<uint64_t>(entry.mtime_s) > kOctal11 || entry.mtime_ns != 0) {
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%09u", entry.mtime_ns);
    // A time before 1970 with a fraction is written as its negative value: -13 s + 0.5 s is -12.5.
    if (entry.mtime_s >= 0 || entry.mtime_ns == 0) {
      out += pax_record("mtime", std::to_string(entry.mtime_s) + (entry.mtime_ns != 0 ? fraction : ""));
    } else {
      std::snprintf(fraction, sizeof fraction, ".%09u", 1'000'000'000U - entry.mtime_ns);
      out += pax_record("mtime", "-" + std::to_string(-(entry.mtime_s + 1)) + fraction);
    }
  }
  for (const auto& [name, value] : entry.xattrs) out += pax_record("SCHILY.xattr." + name, value);
  return out;
}

std::string header_block(char flag, std::string_view path, const Entry& entry, uint64_t size) {
  std::string out(kBlock, '\0');
  char* block = out.data();
  put_text(block, 0, 100, path);
  put_octal(block, 100, 7, entry.mode & 07777U);
  put_octal(block, 108, 7, entry.uid > kOctal7 ? 0 : entry.uid);
  put_octal(block, 116, 7, entry.gid > kOctal7 ? 0 : entry.gid);
  put_octal(block, 124, 11, size > kOctal11 ? 0 : size);
  const bool time_fits = entry.mtime_s >= 0 && static_cast<uint64_t>(entry.mtime_s) <= kOctal11;
  put_octal(block, 136, 11, time_fits ? static_cast<uint64_t>(entry.mtime_s) : 0);
  block[156] = flag;
  put_text(block, 157, 100, entry.link);
  put_text(block, 257, 8, std::string_view("ustar\00000", 8));
  put_octal(block, 329, 7, entry.device_major & kOctal7);
  put_octal(block, 337, 7, entry.device_minor & kOctal7);
  std::memset(block + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : out) sum += static_cast<unsigned char>(c);
  put_octal(block, 148, 6, sum);
  block[154] = '\0';
  return out;
}

std::string filled(std::string text) {
  text.resize((text.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return text;
}

}  // namespace

Result<> Writer::pad() {
  APP_CHECK(data_left_ == 0);  // the caller wrote less than it announced
  if (padding_ > 0) TRY(sink_.write(std::string(std::exchange(padding_, 0), '\0')));
  return {};
}

Result<> Writer::header(const Entry& entry) {
  TRY(pad());
  std::string path = entry.path;
  if (entry.type == Type::kDirectory && !path.ends_with('/')) path += '/';
  const uint64_t size = entry.type == Type::kFile ? entry.size : 0;
  const std::string records = pax_records(entry, path);
  if (!records.empty()) {
    Entry about;
    about.mode = 0644;
    TRY(sink_.write(header_block('x', "PaxHeaders/entry", about, records.size()) + filled(records)));
  }
  TRY(sink_.write(header_block(type_flag(entry.type), path, entry, size)));
  data_left_ = size;
  padding_ = (kBlock - size % kBlock) % kBlock;
  return {};
}

Result<> Writer::data(std::string_view bytes) {
  APP_CHECK(bytes.size() <= data_left_);
  data_left_ -= bytes.size();
  return sink_.write(bytes);
}

Result<> Writer::finish() {
  TRY(pad());
  return sink_.write(std::string(2 * kBlock, '\0'));
}

}  // namespace appliance::base::tar
