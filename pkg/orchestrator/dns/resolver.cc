#include "orchestrator/dns/resolver.h"

#include <algorithm>

namespace appliance::orchestrator::dns {
namespace {

using net::dns::Answer;
using net::dns::Query;
using net::dns::Rcode;

std::string plain(const Query& query, Rcode rcode, size_t limit) {
  Answer answer;
  answer.rcode = rcode;
  answer.authoritative = false;
  return net::dns::build_response(query, answer, limit);
}

}  // namespace

std::string adapt_response(const Query& query, const std::string& response, size_t limit) {
  // header | question | answer and authority; the forwarder has cut the additional section off.
  const size_t question_end = net::dns::kHeaderBytes + query.question->name.size() + 4;
  if (response.size() < question_end) return plain(query, Rcode::kServFail, limit);
  Answer empty;
  empty.authoritative = false;
  empty.rcode = static_cast<Rcode>(response[3] & 0xf);
  std::string out = net::dns::build_response(query, empty, limit);  // header, question, OPT
  const std::string opt = out.substr(question_end);
  out.resize(question_end);
  if (response.size() + opt.size() > limit) {
    out[2] = static_cast<char>(out[2] | 0x02);  // TC: come again by TCP
    return out += opt;
  }
  std::copy_n(response.begin() + 6, 4, out.begin() + 6);  // answer and authority counts
  out += response.substr(question_end);
  return out += opt;
}

bool Resolver::is_private_reverse(std::string_view name) const {
  const auto ip = net::dns::ip_from_reverse_name(name);
  return ip && std::any_of(private_cidrs_.begin(), private_cidrs_.end(),
                           [&](const auto& cidr) { return cidr.contains({*ip}); });
}

void Resolver::handle(std::string_view packet, bool tcp, Reply reply) {
  auto query = net::dns::parse_query(packet);
  if (!query) {
    auto& fault = query.error();
    const size_t limit = tcp ? net::dns::kMessageBytesMax : net::dns::udp_limit(fault.query);
    if (!fault.drop) reply(plain(fault.query, fault.rcode, limit));
    return;
  }
  const size_t limit = tcp ? net::dns::kMessageBytesMax : net::dns::udp_limit(*query);
  const auto& question = *query->question;
  const bool in_class = question.klass == net::dns::kClassIn || question.klass == net::dns::kClassAny;
  const bool transfer = question.type == net::dns::kTypeAxfr || question.type == net::dns::kTypeIxfr;
  if (!in_class || transfer || question.type == net::dns::kTypeOpt) return reply(plain(*query, Rcode::kRefused, limit));
  resolve(std::move(*query), limit, std::move(reply));
}

void Resolver::resolve(Query query, size_t limit, Reply reply) {
  const std::string name = net::dns::lower(query.question->name);
  const bool ours = net::dns::is_below(name, zone_.origin()) || is_private_reverse(name);
  if (ours && !ready_) return reply(plain(query, Rcode::kServFail, limit));
  auto answer = zone_.lookup(*query.question);
  if (!answer && ours) {
    answer.emplace();
    answer->rcode = Rcode::kNxDomain;
  }
  if (!answer) return forward(std::move(query), limit, std::move(reply));
  const bool alias = answer->answers.size() == 1 && answer->answers.front().type == net::dns::kTypeCname;
  if (alias && query.question->type != net::dns::kTypeCname && query.question->type != net::dns::kTypeAny)
    return follow(std::move(query), std::move(*answer), limit, std::move(reply));
  reply(net::dns::build_response(query, *answer, limit));
}

void Resolver::forward(Query query, size_t limit, Reply reply) {
  const net::dns::Question question = *query.question;
  forwarder_.ask(question, [query = std::move(query), limit, reply = std::move(reply)](const std::string& response) {
    reply(response.empty() ? plain(query, Rcode::kServFail, limit) : adapt_response(query, response, limit));
  });
}

// An ExternalName service: the alias, and the target's records when they can be had. One step; a chain is the target's
// matter.
void Resolver::follow(Query query, Answer answer, size_t limit, Reply reply) {
  net::dns::Question target{
      .name = answer.answers.front().rdata, .type = query.question->type, .klass = query.question->klass};
  if (auto local = zone_.lookup(target)) {
    for (auto& r : local->answers) answer.answers.push_back(std::move(r));
    return reply(net::dns::build_response(query, answer, limit));
  }
  forwarder_.ask(target, [query = std::move(query), answer = std::move(answer), limit,
                          reply = std::move(reply)](const std::string& response) mutable {
    for (auto& r : net::dns::answer_records(response)) answer.answers.push_back(std::move(r));
    reply(net::dns::build_response(query, answer, limit));
  });
}

}  // namespace appliance::orchestrator::dns
