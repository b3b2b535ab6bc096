#include "cmd/appliance/channel_socket.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json/json.h"
#include "base/strings.h"

namespace appliance::cmd {
namespace {

constexpr size_t kHeadBytesMax = 32U * 1024;

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail_errno("write to the server");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

Result<ChannelSocket> ChannelSocket::open(const std::string& unix_path, const std::string& target,
                                          const std::string& subprotocol) {
  ChannelSocket out;
  out.fd_ = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!out.fd_) return fail_errno("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (unix_path.size() >= sizeof address.sun_path)
    return fail(Code::kInvalidArgument, unix_path + ": too long for a socket");
  unix_path.copy(address.sun_path, unix_path.size());
  if (::connect(out.fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return fail(errno_error("no server answers on " + unix_path).with_hint("appliance up starts one (as root)"));
  char nonce[16];
  if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce) return fail_errno("getrandom");
  TRY(write_all(out.fd_.get(), "GET " + target +
                                   " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: "
                                   "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
                                   base::base64({nonce, sizeof nonce}) + "\r\nSec-WebSocket-Protocol: " + subprotocol +
                                   "\r\n\r\n"));
  size_t end = std::string::npos;
  while ((end = out.buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (out.buffer_.size() > kHeadBytesMax) return fail(Code::kInternal, "the server's answer has no end of headers");
    if (!TRY(out.receive())) break;
  }
  if (out.buffer_.starts_with("HTTP/1.1 101")) {
    out.buffer_.erase(0, end + 4);
    return out;
  }
  while (TRY(out.receive()) && out.buffer_.size() < kHeadBytesMax &&
         out.buffer_.find("\"code\":") == std::string::npos) {
  }
  const auto body = end == std::string::npos ? std::string() : out.buffer_.substr(end + 4);
  const auto status = json::parse(body);
  return fail(Code::kUnknown, status ? std::string(json::string_at(*status, {"message"}, body))
                                     : "the server refused: " + out.buffer_.substr(0, out.buffer_.find("\r\n")));
}

Result<bool> ChannelSocket::receive() {
  char chunk[65536];
  const ssize_t n = ::read(fd_.get(), chunk, sizeof chunk);
  if (n < 0) return errno == EINTR ? Result<bool>(true) : fail_errno("read from the server");
  buffer_.append(chunk, static_cast<size_t>(n));
  return n > 0;
}

Result<std::optional<std::string>> ChannelSocket::next() {
  for (;;) {
    if (buffer_.size() < 2) return std::nullopt;
    const auto b0 = static_cast<unsigned char>(buffer_[0]);
    const auto b1 = static_cast<unsigned char>(buffer_[1]);
    size_t head = 2;
    uint64_t size = b1 & 0x7fU;
    const size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (buffer_.size() < head + extra) return std::nullopt;
    if (extra > 0) {
      size = 0;
      for (size_t i = 0; i < extra; ++i) size = size << 8 | static_cast<unsigned char>(buffer_[head + i]);
      head += extra;
    }
    if ((b1 & 0x80U) != 0 || size > kFrameBytesMax) return fail(Code::kInternal, "the server sent a bad frame");
    if (buffer_.size() < head + size) return std::nullopt;
    std::string payload = buffer_.substr(head, size);
    buffer_.erase(0, head + size);
    switch (b0 & 0x0fU) {
      case 1:
      case 2:
        return payload;
      case 8:
        return fail(Code::kCancelled, "closed");
      case 9:
        TRY(send_frame(10, payload));
        break;
      default:
        break;
    }
  }
}

Result<> ChannelSocket::send_frame(unsigned char opcode, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(0x80U | opcode);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80U | payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(0x80U | 126U);
    frame += static_cast<char>(payload.size() >> 8U);
    frame += static_cast<char>(payload.size() & 0xffU);
  } else {
    frame += static_cast<char>(0x80U | 127U);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += static_cast<char>(payload.size() >> static_cast<unsigned>(shift) & 0xffU);
  }
  char mask[4];
  if (getrandom(mask, sizeof mask, 0) != sizeof mask) return fail_errno("getrandom");
  frame.append(mask, sizeof mask);
  const size_t start = frame.size();
  frame += payload;
  for (size_t i = 0; i < payload.size(); ++i) frame[start + i] = static_cast<char>(frame[start + i] ^ mask[i % 4]);
  return write_all(fd_.get(), frame);
}

Result<> ChannelSocket::send(char channel, std::string_view bytes) {
  return send_frame(2, std::string(1, channel) + std::string(bytes));
}

}  // namespace appliance::cmd
