#include "runtime/stage/plan_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace appliance::runtime::stage {
namespace {

void put32(std::string& out, uint32_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }
void put16(std::string& out, uint16_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }

}  // namespace

PlanWriter::PlanWriter(PlanKind kind) {
  put32(bytes_, kPlanMagic);
  put16(bytes_, kPlanVersion);
  put16(bytes_, static_cast<uint16_t>(kind));
  put32(bytes_, 0);
  put32(bytes_, 0);
}

void PlanWriter::record(Tag tag, std::string_view payload) {
  if (bytes_.size() + payload.size() + 12 > kPlanBytesMax) {
    problem_ = "arguments, environment and mounts take more than 4 MiB";
    return;
  }
  put16(bytes_, static_cast<uint16_t>(tag));
  put16(bytes_, 0);
  put32(bytes_, static_cast<uint32_t>(payload.size()));
  bytes_.append(payload);
  bytes_.append((4 - payload.size() % 4) % 4, '\0');
  if (++records_ > kPlanRecordsMax) problem_ = "too many arguments, variables and mounts";
}

void PlanWriter::text(Tag tag, std::string_view value) {
  if (value.find('\0') != value.npos) problem_ = "a text contains a NUL byte";
  std::string payload(value);
  payload += '\0';
  record(tag, payload);
}

void PlanWriter::number(Tag tag, uint64_t value) {
  const size_t size = shape_of(tag) == Shape::kU64 ? 8 : 4;
  record(tag, {reinterpret_cast<const char*>(&value), size});
}

void PlanWriter::texts(Tag tag, uint32_t number, std::initializer_list<std::string_view> values) {
  std::string payload;
  put32(payload, number);
  for (const auto value : values) {
    if (value.find('\0') != value.npos) problem_ = "a text contains a NUL byte";
    payload.append(value);
    payload += '\0';
  }
  record(tag, payload);
}

void PlanWriter::device(std::string_view path, uint32_t mode, uint32_t major, uint32_t minor) {
  std::string payload;
  put32(payload, mode);
  put32(payload, major);
  put32(payload, minor);
  payload.append(path);
  payload += '\0';
  record(Tag::kDevice, payload);
}

void PlanWriter::blob(Tag tag, std::string_view bytes) { record(tag, bytes); }

Result<std::string> PlanWriter::finish() {
  if (!problem_.empty()) return fail(Code::kInvalidArgument, "start plan: " + problem_);
  const auto size = static_cast<uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + 8, &size, sizeof size);
  std::memcpy(bytes_.data() + 12, &records_, sizeof records_);
  return std::move(bytes_);
}

Result<base::Fd> sealed_memfd(const char* name, std::string_view bytes) {
  base::Fd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail_errno("memfd_create");
  while (!bytes.empty()) {
    const ssize_t n = write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write to memfd");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return fail_errno("seal memfd");
  return fd;
}

}  // namespace appliance::runtime::stage
