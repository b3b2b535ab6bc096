#include "net/dns/host_lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/select.h>

#include <chrono>
#include <mutex>

namespace appliance::net::dns {
namespace {

struct Answer {
  int status = ARES_ENODATA;
  std::vector<std::string> addresses;
};

void on_host(void* argument, int status, int, hostent* host) {
  auto& answer = *static_cast<Answer*>(argument);
  if (status != ARES_SUCCESS) {
    answer.status = status;
    return;
  }
  for (char** address = host->h_addr_list; *address != nullptr; ++address) {
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(host->h_addrtype, *address, text, sizeof text) != nullptr) answer.addresses.emplace_back(text);
  }
  answer.status = ARES_SUCCESS;
}

bool numeric(const std::string& name) {
  in6_addr buffer;
  return inet_pton(AF_INET, name.c_str(), &buffer) == 1 || inet_pton(AF_INET6, name.c_str(), &buffer) == 1;
}

void run(ares_channel channel) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kLookupTimeoutMs);
  for (;;) {
    fd_set readers;
    fd_set writers;
    FD_ZERO(&readers);
    FD_ZERO(&writers);
    const int count = ares_fds(channel, &readers, &writers);
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
    if (count == 0 || left.count() <= 0) return;
    timeval most{.tv_sec = left.count() / 1'000'000, .tv_usec = left.count() % 1'000'000};
    timeval wait{};
    ::select(count, &readers, &writers, nullptr, ares_timeout(channel, &most, &wait));
    ares_process(channel, &readers, &writers);
  }
}

}  // namespace

Result<std::vector<std::string>> lookup_host(const std::string& name) {
  if (numeric(name)) return std::vector<std::string>{name};
  if (name == "localhost" || name.ends_with(".localhost")) return std::vector<std::string>{"127.0.0.1", "::1"};
  static std::once_flag once;
  std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
  ares_options options{};
  options.timeout = 1500;
  options.tries = 2;
  options.lookups = const_cast<char*>("fb");  // files, then DNS
  ares_channel channel = nullptr;
  if (ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS) != ARES_SUCCESS)
    return fail(Code::kInternal, "resolver: could not be set up");
  Answer four;
  Answer six;
  ares_gethostbyname(channel, name.c_str(), AF_INET, on_host, &four);
  ares_gethostbyname(channel, name.c_str(), AF_INET6, on_host, &six);
  run(channel);
  ares_destroy(channel);  // calls back what is still open
  auto out = std::move(four.addresses);
  out.insert(out.end(), six.addresses.begin(), six.addresses.end());
  if (!out.empty()) return out;
  const bool absent = four.status == ARES_ENOTFOUND || four.status == ARES_ENODATA;
  return fail(absent ? Code::kNotFound : Code::kUnavailable, name + ": " + ares_strerror(four.status));
}

}  // namespace appliance::net::dns
