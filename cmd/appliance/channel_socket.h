// A WebSocket client (RFC 6455) on a unix socket, just enough for exec: the upgrade, masked binary frames, ping and
// close. One thread. Frames over kFrameBytesMax end the connection.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::cmd {

inline constexpr size_t kFrameBytesMax = 8U << 20U;

class ChannelSocket {
 public:
  // Connects and upgrades. An answer other than 101 is an error with the Status' message.
  static Result<ChannelSocket> open(const std::string& unix_path, const std::string& target,
                                    const std::string& subprotocol);
  [[nodiscard]] int fd() const { return fd_.get(); }
  Result<> send(char channel, std::string_view bytes);
  // Reads what is there and appends it; false at the end of the connection.
  Result<bool> receive();
  // The next whole binary message; nullopt when more bytes are needed.
  Result<std::optional<std::string>> next();

 private:
  Result<> send_frame(unsigned char opcode, std::string_view payload);
  base::Fd fd_;
  std::string buffer_;
};

}  // namespace appliance::cmd
