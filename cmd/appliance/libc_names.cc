// The C library's name services, replaced. In a static program they would load the host's NSS libraries at run time,
// built for another C library: undefined behaviour. Ours parse numbers, know localhost, and ask c-ares; users and
// groups are never looked up by name here. dlopen and friends fail: nothing is to be loaded into us, no provider named
// in a host's openssl.cnf either. iconv is refused: no locale exists in an empty root.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <grp.h>
#include <iconv.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/strings.h"
#include "net/dns/host_lookup.h"

namespace {

int port_of(const char* service) {
  if (service == nullptr) return 0;
  if (const auto n = appliance::base::parse_int<int>(service); n && *n >= 0 && *n <= 65535) return *n;
  if (std::strcmp(service, "https") == 0) return 443;
  if (std::strcmp(service, "http") == 0) return 80;
  return -1;
}

addrinfo* make_entry(const std::string& address, int port, const addrinfo& hints, int type) {
  struct Block {
    addrinfo info;
    sockaddr_in6 room;
  };
  auto* block = static_cast<Block*>(std::calloc(1, sizeof(Block)));
  if (block == nullptr) return nullptr;
  block->info.ai_addr = reinterpret_cast<sockaddr*>(&block->room);
  block->info.ai_socktype = type;
  block->info.ai_protocol = hints.ai_protocol != 0 ? hints.ai_protocol : type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP;
  if (address.find(':') == std::string::npos) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&block->room);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, address.c_str(), &v4->sin_addr);
    block->info.ai_family = AF_INET;
    block->info.ai_addrlen = sizeof(sockaddr_in);
  } else {
    block->room.sin6_family = AF_INET6;
    block->room.sin6_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET6, address.c_str(), &block->room.sin6_addr);
    block->info.ai_family = AF_INET6;
    block->info.ai_addrlen = sizeof(sockaddr_in6);
  }
  return &block->info;
}

}  // namespace

extern "C" {

int getaddrinfo(const char* node, const char* service, const addrinfo* hints_or_null, addrinfo** out) {
  const addrinfo hints = hints_or_null != nullptr ? *hints_or_null : addrinfo{};
  const int port = port_of(service);
  if (port < 0) return EAI_SERVICE;
  if (node == nullptr && service == nullptr) return EAI_NONAME;
  std::vector<std::string> addresses;
  if (node == nullptr) {
    addresses = (hints.ai_flags & AI_PASSIVE) != 0 ? std::vector<std::string>{"0.0.0.0", "::"}
                                                   : std::vector<std::string>{"127.0.0.1", "::1"};
  } else {
    in6_addr scratch;
    const bool numeric = inet_pton(AF_INET, node, &scratch) == 1 || inet_pton(AF_INET6, node, &scratch) == 1;
    if (!numeric && (hints.ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
    auto found = appliance::net::dns::lookup_host(node);
    if (!found) return found.error().code == appliance::Code::kNotFound ? EAI_NONAME : EAI_AGAIN;
    addresses = *std::move(found);
  }
  addrinfo* first = nullptr;
  addrinfo** tail = &first;
  for (const auto& address : addresses) {
    const int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
    if (hints.ai_family != AF_UNSPEC && hints.ai_family != family) continue;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      if (hints.ai_socktype != 0 && hints.ai_socktype != type) continue;
      *tail = make_entry(address, port, hints, type);
      if (*tail == nullptr) {
        freeaddrinfo(first);
        return EAI_MEMORY;
      }
      tail = &(*tail)->ai_next;
    }
  }
  if (first == nullptr) return EAI_NONAME;
  *out = first;
  return 0;
}

void freeaddrinfo(addrinfo* entry) {
  while (entry != nullptr) {
    addrinfo* next = entry->ai_next;
    std::free(entry);
    entry = next;
  }
}

int getnameinfo(const sockaddr* address, socklen_t, char* host, socklen_t host_size, char* service,
                socklen_t service_size, int) {
  const bool v4 = address->sa_family == AF_INET;
  const auto* in = reinterpret_cast<const sockaddr_in*>(address);
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(address);
  if (host != nullptr && inet_ntop(address->sa_family, v4 ? static_cast<const void*>(&in->sin_addr) : &in6->sin6_addr,
                                   host, host_size) == nullptr)
    return EAI_OVERFLOW;
  if (service != nullptr && service_size > 0) {
    const auto text = std::to_string(ntohs(v4 ? in->sin_port : in6->sin6_port));
    if (text.size() >= service_size) return EAI_OVERFLOW;
    std::memcpy(service, text.c_str(), text.size() + 1);
  }
  return 0;
}

hostent* gethostbyname(const char*) { return h_errno = HOST_NOT_FOUND, nullptr; }
hostent* gethostbyname2(const char*, int) { return h_errno = HOST_NOT_FOUND, nullptr; }
hostent* gethostbyaddr(const void*, socklen_t, int) { return h_errno = HOST_NOT_FOUND, nullptr; }
servent* getservbyname(const char*, const char*) { return nullptr; }
servent* getservbyport(int, const char*) { return nullptr; }
int getservbyport_r(int, const char*, servent*, char*, size_t, servent** result) { return *result = nullptr, ENOENT; }
int getservbyname_r(const char*, const char*, servent*, char*, size_t, servent** result) {
  return *result = nullptr, ENOENT;
}
passwd* getpwnam(const char*) { return nullptr; }
passwd* getpwuid(uid_t) { return nullptr; }
int getpwnam_r(const char*, passwd*, char*, size_t, passwd** result) { return *result = nullptr, 0; }
int getpwuid_r(uid_t, passwd*, char*, size_t, passwd** result) { return *result = nullptr, 0; }
group* getgrnam(const char*) { return nullptr; }
group* getgrgid(gid_t) { return nullptr; }
int getgrouplist(const char*, gid_t, gid_t*, int* count) { return *count = 0, 0; }

void* __wrap_dlopen(const char*, int) { return nullptr; }
void* __wrap_dlsym(void*, const char*) { return nullptr; }
int __wrap_dlclose(void*) { return -1; }
char* __wrap_dlerror() {
  static char text[] = "this program is static and loads nothing";
  return text;
}
int __wrap_dladdr(const void*, Dl_info*) { return 0; }

iconv_t iconv_open(const char*, const char*) { return errno = EINVAL, reinterpret_cast<iconv_t>(-1); }
size_t iconv(iconv_t, char**, size_t*, char**, size_t*) { return errno = EBADF, static_cast<size_t>(-1); }
int iconv_close(iconv_t) { return -1; }

}  // extern "C"
