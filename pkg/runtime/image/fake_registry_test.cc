#include "runtime/image/fake_registry.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "base/strings.h"

namespace appliance::runtime::image::test {

FakeRegistry::FakeRegistry(Handler handler)
    : handler_(std::move(handler)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener_.get(), 64) == 0);
  REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FakeRegistry::~FakeRegistry() {
  (void)::eventfd_write(stop_.get(), 1);
  thread_.join();
  for (std::thread& peer : peers_) peer.join();
}

std::vector<FakeRequest> FakeRegistry::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

void FakeRegistry::serve() {
  while (true) {
    pollfd wait[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    (void)::poll(wait, 2, -1);
    if (wait[1].revents != 0) return;
    base::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (peer) peers_.emplace_back([this, fd = std::move(peer)]() mutable { answer(std::move(fd)); });
  }
}

void FakeRegistry::answer(base::Fd peer) {
  const auto readable = [&](const base::Fd& fd) {
    pollfd wait[2] = {{fd.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    (void)::poll(wait, 2, -1);
    return wait[1].revents == 0;
  };
  std::string text;
  while (text.find("\r\n\r\n") == std::string::npos) {
    char piece[4096];
    if (!readable(peer)) return;
    const ssize_t n = ::recv(peer.get(), piece, sizeof piece, 0);
    if (n <= 0) return;
    text.append(piece, static_cast<size_t>(n));
  }
  FakeRequest request;
  const auto lines = base::split(text, '\n');
  const auto words = base::split(lines[0], ' ');
  request.method = words[0];
  request.path = words.size() > 1 ? words[1] : "";
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon != std::string_view::npos)
      request.headers[base::to_lower(lines[i].substr(0, colon))] = base::trim(lines[i].substr(colon + 1));
  }
  {
    const std::scoped_lock lock(mutex_);
    seen_.push_back(request);
  }
  const FakeAnswer answer = handler_(request);
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\nConnection: close\r\n" + answer.headers;
  const int64_t length = answer.stated_length == -1 ? static_cast<int64_t>(answer.body.size()) : answer.stated_length;
  if (length >= 0) out += "Content-Length: " + std::to_string(length) + "\r\n";
  out += "\r\n" + answer.body;
  for (size_t done = 0; done < out.size();) {
    const ssize_t n = ::send(peer.get(), out.data() + done, out.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
  if (!answer.stall) return;
  pollfd wait{stop_.get(), POLLIN, 0};
  (void)::poll(&wait, 1, -1);
}

}  // namespace appliance::runtime::image::test
