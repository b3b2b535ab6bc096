// What a process that is being set up tells the supervisor, over a seqpacket pair that exec closes: nothing (end of
// file: exec worked), a failed step, the master of its terminal, or the process that took its place (exec).
#pragma once

#include <stdint.h>

#include <string_view>

#include "runtime/stage/protocol.h"

namespace appliance::stage {

enum class Note : uint32_t { kFailed = 1, kTty = 2, kPid = 3, kWarning = 4 };

struct NoteMessage {
  Note note{};
  int32_t number = 0;  // errno, or pid
  char text[runtime::stage::kTextBytes] = {};
};

// `fd` -1 = none. False with errno.
bool send_note(int channel, const NoteMessage& message, int fd);
// 1 a message, 0 end of file, -1 nothing yet or broken (errno). `fd` is -1 when none came.
int receive_note(int channel, NoteMessage& message, int& fd);

// Descriptors beside bytes on a unix socket.
bool send_with_fds(int socket, const void* bytes, size_t size, const int* fds, unsigned count, int flags);
// Bytes received, 0 at end of file, -1 with errno. Descriptors beyond `max` are closed and make it -1.
long receive_with_fds(int socket, void* bytes, size_t size, int* fds, unsigned max, unsigned& count, int flags);

void copy_text(char* out, size_t size, std::string_view text);

}  // namespace appliance::stage
