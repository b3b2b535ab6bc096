#include "store/mvcc/command.h"

#include "base/wire.h"

namespace appliance::store::mvcc {
namespace {

using Writer = base::WireWriter;
using Reader = base::WireReader;

void write(Writer& w, const RangeRequest& r) {
  w.bytes(r.key);
  w.bytes(r.range_end);
  w.integer(r.limit);
  w.integer(r.revision);
  w.byte(static_cast<uint8_t>((r.keys_only ? 1U : 0U) | (r.count_only ? 2U : 0U)));
}
RangeRequest read_range(Reader& r) {
  RangeRequest out{.key = r.bytes(), .range_end = r.bytes(), .limit = r.integer(), .revision = r.integer()};
  const uint8_t flags = r.byte();
  out.keys_only = (flags & 1U) != 0;
  out.count_only = (flags & 2U) != 0;
  return out;
}

void write(Writer& w, const PutOp& p) {
  w.bytes(p.key);
  w.bytes(p.value ? std::string_view(*p.value) : std::string_view());
  w.integer(p.lease);
  w.byte(p.prev_kv ? 1 : 0);
}
PutOp read_put(Reader& r) {
  std::string key = r.bytes();
  auto value = std::make_shared<const std::string>(r.bytes());
  const LeaseId lease = r.integer();
  return {.key = std::move(key), .value = std::move(value), .lease = lease, .prev_kv = r.byte() != 0};
}

void write(Writer& w, const DeleteOp& d) {
  w.bytes(d.key);
  w.bytes(d.range_end);
  w.byte(d.prev_kv ? 1 : 0);
}
DeleteOp read_delete(Reader& r) {
  std::string key = r.bytes();
  std::string end = r.bytes();
  return {.key = std::move(key), .range_end = std::move(end), .prev_kv = r.byte() != 0};
}

void write(Writer& w, const Compare& c) {
  w.bytes(c.key);
  w.bytes(c.range_end);
  w.byte(static_cast<uint8_t>(c.target));
  w.byte(static_cast<uint8_t>(c.op));
  w.integer(c.number);
  w.bytes(c.value);
}
Compare read_compare(Reader& r) {
  Compare c;
  c.key = r.bytes();
  c.range_end = r.bytes();
  c.target = r.choice(Compare::Target::kLease);
  c.op = r.choice(Compare::Op::kNotEqual);
  c.number = r.integer();
  c.value = r.bytes();
  return c;
}

void write(Writer& w, const std::vector<TxnOp>& ops) {
  w.number(ops.size());
  for (const TxnOp& op : ops) {
    w.byte(static_cast<uint8_t>(op.index()));
    std::visit([&](const auto& o) { write(w, o); }, op);
  }
}
std::vector<TxnOp> read_ops(Reader& r) {
  std::vector<TxnOp> out(r.count());
  for (TxnOp& op : out) {
    switch (r.byte()) {
      case 0:
        op = read_range(r);
        break;
      case 1:
        op = read_put(r);
        break;
      case 2:
        op = read_delete(r);
        break;
      default:
        r.spoil();
        return {};
    }
  }
  return out;
}

void write(Writer& w, const TxnRequest& t) {
  w.number(t.compares.size());
  for (const Compare& c : t.compares) write(w, c);
  write(w, t.success);
  write(w, t.failure);
}
TxnRequest read_txn(Reader& r) {
  TxnRequest t;
  t.compares.resize(r.count());
  for (Compare& c : t.compares) c = read_compare(r);
  t.success = read_ops(r);
  t.failure = read_ops(r);
  return t;
}

void write(Writer& w, const CompactCommand& c) { w.integer(c.revision); }
void write(Writer& w, const LeaseGrantCommand& c) {
  w.integer(c.id);
  w.integer(c.ttl_seconds);
}
void write(Writer& w, const LeaseRevokeCommand& c) { w.integer(c.id); }

}  // namespace

std::string encode(const Command& command) {
  Writer w;
  w.byte(kCommandVersion);
  w.byte(static_cast<uint8_t>(command.index()));
  std::visit([&](const auto& c) { write(w, c); }, command);
  return std::move(w.out);
}

Result<Command> decode(std::string_view bytes) {
  Reader r(bytes);
  const uint8_t version = r.byte();
  if (version > kCommandVersion) {
    return fail(Error{.code = Code::kFailedPrecondition,
                      .message = "the log holds a command of format " + std::to_string(version) +
                                 ", written by a newer version of appliance",
                      .errno_value = 0,
                      .hint = "start the newer version again"});
  }
  Command out;
  switch (r.byte()) {
    case 0:
      out = read_txn(r);
      break;
    case 1:
      out = CompactCommand{.revision = r.integer()};
      break;
    case 2: {
      const LeaseId id = r.integer();
      out = LeaseGrantCommand{.id = id, .ttl_seconds = r.integer()};
      break;
    }
    case 3:
      out = LeaseRevokeCommand{.id = r.integer()};
      break;
    default:
      r.spoil();
  }
  if (!r.finished()) return fail(Code::kDataLoss, "the log holds a command that can't be read");
  return out;
}

}  // namespace appliance::store::mvcc
