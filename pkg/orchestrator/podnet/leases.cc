#include "orchestrator/podnet/leases.h"

#include <fcntl.h>

#include <algorithm>

#include "base/fs.h"
#include "base/strings.h"

namespace appliance::orchestrator::podnet {
namespace {

constexpr size_t kJournalBytesMax = 64U << 20U;  // a pod is two lines of ~60 bytes; compacted at every open
constexpr uint32_t kReservedLow = 2;  // .0 is the network, .1 by custom a gateway: nobody expects a pod there

}  // namespace

Result<Leases> Leases::open(Cidr range, const std::string& path, const base::Clock& clock) {
  if (range.prefix > 29 || range.prefix < 16)
    return fail(Code::kInvalidArgument, "pod range " + range.string() + " must be between /16 and /29");
  Leases out(range, path, clock);
  TRY_CTX(out.load(), "address journal " + path);
  TRY_CTX(out.compact(), "address journal " + path);
  return out;
}

Result<> Leases::load() {
  last_ = {range_.base.value + kReservedLow - 1};
  auto text = base::read_file(path_, kJournalBytesMax);
  if (!text) {
    if (text.error().code == Code::kNotFound) return {};
    return fail(text.error());
  }
  auto lines = base::split(*text, '\n');
  lines.pop_back();  // behind the last line end: empty, or torn
  for (const auto line : lines) {
    const auto parts = base::split(line, ' ');
    const auto ip = parts.size() >= 2 ? net::netlink::parse_ipv4(parts[1]) : std::nullopt;
    if (!ip || !range_.contains(*ip)) continue;  // of another range: the configuration changed
    if (parts[0] == "last") last_ = *ip;
    if (parts.size() != 3) continue;
    const std::string uid(parts[2]);
    if (parts[0] == "take") {
      by_uid_[uid] = *ip;
      by_ip_[*ip] = uid;
      forget_rest(*ip);
      last_ = *ip;
    } else if (parts[0] == "free" && by_uid_.erase(uid) > 0) {
      by_ip_.erase(*ip);
      resting_.push_back({*ip, clock_->monotonic() + kLeaseRest});
    }
  }
  return {};
}

Result<> Leases::compact() {
  std::string text = "last " + last_.string() + '\n';
  for (const auto& [uid, ip] : by_uid_) text += "take " + ip.string() + ' ' + uid + '\n';
  text += "last " + last_.string() + '\n';
  TRY(base::write_file_atomic(path_, text, 0600));
  journal_ = base::Fd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!journal_) return fail_errno("open");
  return {};
}

Result<> Leases::append(const std::string& line) {
  const ssize_t n = ::write(journal_.get(), line.data(), line.size());
  if (n != static_cast<ssize_t>(line.size())) {
    const Error error = n < 0 ? errno_error("write address journal") : errno_error("write address journal", ENOSPC);
    // Half a line must not swallow the next one.
    (void)::write(journal_.get(), "\n", 1);
    return fail(error);
  }
  if (::fdatasync(journal_.get()) != 0) return fail_errno("sync address journal");
  return {};
}

void Leases::forget_rest(Ipv4 ip) {
  std::erase_if(resting_, [&](const Resting& r) { return r.ip == ip; });
}

std::optional<Ipv4> Leases::pick() {
  const base::MonoTime now = clock_->monotonic();
  while (!resting_.empty() && resting_.front().until <= now) resting_.pop_front();
  const uint32_t first = range_.base.value + kReservedLow;
  const uint32_t end = range_.base.value + ~range_.mask();  // the broadcast address
  for (uint32_t i = 0, ip = last_.value; i < end - first; ++i) {
    if (++ip >= end || ip < first) ip = first;
    const bool rests =
        std::any_of(resting_.begin(), resting_.end(), [&](const Resting& r) { return r.ip.value == ip; });
    if (!rests && !by_ip_.contains({ip})) return Ipv4{ip};
  }
  if (resting_.empty()) return std::nullopt;
  return resting_.front().ip;
}

Result<Ipv4> Leases::take(const std::string& uid) {
  if (uid.empty() || uid.find_first_of(" \n") != std::string::npos)
    return fail(Code::kInvalidArgument, "'" + uid + "' is not a pod uid");
  if (auto it = by_uid_.find(uid); it != by_uid_.end()) return it->second;
  const auto ip = pick();
  if (!ip) return fail(Code::kResourceExhausted, "all addresses of " + range_.string() + " are in use");
  TRY(append("take " + ip->string() + ' ' + uid + '\n'));
  forget_rest(*ip);
  by_uid_[uid] = *ip;
  by_ip_[*ip] = uid;
  last_ = *ip;
  return *ip;
}

Result<> Leases::release(const std::string& uid) {
  const auto it = by_uid_.find(uid);
  if (it == by_uid_.end()) return {};
  const Ipv4 ip = it->second;
  TRY(append("free " + ip.string() + ' ' + uid + '\n'));
  by_uid_.erase(it);
  by_ip_.erase(ip);
  resting_.push_back({ip, clock_->monotonic() + kLeaseRest});
  return {};
}

Result<> Leases::adopt(const std::string& uid, Ipv4 ip) {
  if (!range_.contains(ip) || find(uid) == ip) return {};
  if (auto it = by_ip_.find(ip); it != by_ip_.end()) by_uid_.erase(it->second);
  if (auto it = by_uid_.find(uid); it != by_uid_.end()) by_ip_.erase(it->second);
  TRY(append("take " + ip.string() + ' ' + uid + '\n'));
  forget_rest(ip);
  by_uid_[uid] = ip;
  by_ip_[ip] = uid;
  return {};
}

std::optional<Ipv4> Leases::find(const std::string& uid) const {
  const auto it = by_uid_.find(uid);
  return it == by_uid_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace appliance::orchestrator::podnet
