// What the server and a pod's supervisor say to each other over <run-dir>/pods/<id>/sock (unix seqpacket, 0600, root
// only). One request per connection, one Reply; kWatch is answered by a stream of Reply: one kState per known
// container, one kReply as the end mark, then a kState for each change. Fixed little-endian structs; `version` first
// says who speaks: a supervisor answers requests of its own version and older ones, and a server speaks the version
// that kHello told.
//
// The journal (<pod-dir>/journal) is a sequence of the same Reply structs of kind kState, each written with one write()
// and fdatasync before anybody is told. A torn last record (size not a multiple) is ignored. The last record of an id
// wins.
#pragma once

#include <cstdint>

namespace appliance::runtime::stage {

inline constexpr uint32_t kWireMagic = 0x47545341;  // "ASTG"
inline constexpr uint16_t kWireVersion = 1;
inline constexpr unsigned kIdBytes = 72;        // 64 hex digits and a NUL
inline constexpr unsigned kTextBytes = 400;     // a failed step: name, path, errno
inline constexpr unsigned kContainersMax = 64;  // of one pod, dead ones included until forgotten
inline constexpr unsigned kExecsMax = 64;       // of one pod at once
inline constexpr unsigned kFdsMax = 24;         // of one request
inline constexpr unsigned kClientsMax = 160;    // connections of one pod's supervisor: an exec waits with one

enum class Verb : uint16_t {
  kHello = 1,       // -> pid of the supervisor
  kStart = 2,       // fds: plan, log directory, [group], [oom], procs...   flags: RequestFlag
  kSignal = 3,      // number = signal
  kExec = 4,        // fds: plan, [group], [stdin, stdout, stderr], procs...   id2 = exec id; reply may carry the tty
  kWaitExec = 5,    // id = exec id; answered when it has ended, once
  kSignalExec = 6,  // id = exec id, number = signal
  kResize = 7,      // id of container or exec, number = width << 16 | height
  kWatch = 8,
  kForget = 9,     // a container that has ended
  kShutdown = 10,  // kills what runs and ends
};

enum RequestFlag : uint32_t {
  kHasGroup = 1,  // a v2 directory: the process is born in it; cgroup.kill and memory.events are there
  kHasOom = 2,    // v1 memory.oom_control
  kHasStdio = 4,
};

struct Request {
  uint32_t magic = kWireMagic;
  uint16_t version = kWireVersion;
  uint16_t verb = 0;
  uint32_t flags = 0;
  int32_t number = 0;
  char id[kIdBytes] = {};
  char id2[kIdBytes] = {};
};

enum class ReplyKind : uint16_t { kReply = 1, kState = 2 };
enum StateFlag : uint32_t { kRunning = 1, kExited = 2, kOomKilled = 4, kWarning = 8 };

struct Reply {
  uint32_t magic = kWireMagic;
  uint16_t version = kWireVersion;
  uint16_t kind = 0;
  int32_t error = 0;  // errno; 0 = done. `text` says what failed
  uint32_t flags = 0;
  int32_t pid = 0;
  int32_t exit_code = 0;  // 128+signal when killed
  int32_t signal = 0;
  int32_t reserved = 0;
  int64_t started_ns = 0;  // since 1970
  int64_t finished_ns = 0;
  char id[kIdBytes] = {};
  char text[kTextBytes] = {};
};
static_assert(sizeof(Request) == 160 && sizeof(Reply) == 520);

}  // namespace appliance::runtime::stage
