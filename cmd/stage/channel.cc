#include "stage/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include "stage/sys.h"

namespace appliance::stage {
namespace {

// musl's CMSG_NXTHDR compares signed with unsigned; here the only header that we look for comes first anyway.
cmsghdr* next_header(msghdr& message, cmsghdr* header) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wsign-compare"
  return CMSG_NXTHDR(&message, header);
#pragma clang diagnostic pop
}

}  // namespace

void copy_text(char* out, size_t size, std::string_view text) {
  const size_t n = text.size() < size - 1 ? text.size() : size - 1;
  memcpy(out, text.data(), n);
  memset(out + n, 0, size - n);
}

bool send_with_fds(int socket, const void* bytes, size_t size, const int* fds, unsigned count, int flags) {
  iovec iov{const_cast<void*>(bytes), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * runtime::stage::kFdsMax)] = {};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
  }
  long n;
  do n = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
  while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(size);
}

long receive_with_fds(int socket, void* bytes, size_t size, int* fds, unsigned max, unsigned& count, int flags) {
  iovec iov{bytes, size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * runtime::stage::kFdsMax)] = {};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  count = 0;
  long n;
  do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
  while (n < 0 && errno == EINTR);
  if (n < 0) return -1;
  bool excess = (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = next_header(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t total = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < total; ++i) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      if (count < max) {
        fds[count++] = fd;
      } else {
        close(fd);
        excess = true;
      }
    }
  }
  if (!excess) return n;
  while (count > 0) close(fds[--count]);
  errno = EMSGSIZE;
  return -1;
}

bool send_note(int channel, const NoteMessage& message, int fd) {
  return send_with_fds(channel, &message, sizeof message, &fd, fd >= 0 ? 1 : 0, 0);
}

int receive_note(int channel, NoteMessage& message, int& fd) {
  unsigned count = 0;
  fd = -1;
  const long n = receive_with_fds(channel, &message, sizeof message, &fd, 1, count, MSG_DONTWAIT);
  if (n == 0) return 0;
  if (n != static_cast<long>(sizeof message)) {
    close_fd(fd);
    if (n > 0) errno = EPROTO;
    return -1;
  }
  return 1;
}

}  // namespace appliance::stage
