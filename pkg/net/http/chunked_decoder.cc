#include "net/http/chunked_decoder.h"

#include <algorithm>

namespace appliance::net::http {
namespace {

constexpr int kSizeDigitsMax = 15;  // fits 60 bits

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

size_t ChunkedDecoder::feed(std::string_view bytes, std::string& body) {
  size_t at = 0;
  while (at < bytes.size() && state_ == State::kMore) {
    if (step_ != Step::kData) {
      step(bytes[at++]);
      continue;
    }
    const size_t take = std::min<uint64_t>(chunk_left_, bytes.size() - at);
    body.append(bytes.substr(at, take));
    at += take;
    chunk_left_ -= take;
    if (chunk_left_ == 0) step_ = Step::kDataCr;
  }
  return at;
}

void ChunkedDecoder::malformed(const char* reason) {
  state_ = State::kMalformed;
  reason_ = reason;
}

void ChunkedDecoder::step(char c) {
  switch (step_) {
    case Step::kSize:
      return on_size(c);
    case Step::kExtension:
      if (c == '\r') {
        step_ = Step::kSizeLf;
      } else if (control(c)) {
        malformed("control character in a chunk extension");
      } else if (++extension_bytes_ > kChunkExtensionBytesMax) {
        malformed("chunk extensions too long");
      }
      return;
    case Step::kSizeLf:
      if (c != '\n') return malformed("chunk size without a line end");
      step_ = digits_ > 0 && chunk_left_ == 0 ? Step::kTrailerStart : Step::kData;
      return;
    case Step::kDataCr:
      if (c != '\r') return malformed("chunk data without a line end");
      step_ = Step::kDataLf;
      return;
    case Step::kDataLf:
      if (c != '\n') return malformed("chunk data without a line end");
      step_ = Step::kSize;
      digits_ = 0;
      return;
    default:
      return on_trailer(c);
  }
}

void ChunkedDecoder::on_size(char c) {
  if (const int value = hex_value(c); value >= 0) {
    if (++digits_ > kSizeDigitsMax) return malformed("chunk size too long");
    chunk_left_ = chunk_left_ * 16 + static_cast<uint64_t>(value);
    return;
  }
  if (digits_ == 0 || (c != '\r' && c != ';')) return malformed("chunk size");
  if (chunk_left_ > room_) {
    state_ = State::kTooBig;
    return;
  }
  room_ -= chunk_left_;
  step_ = c == '\r' ? Step::kSizeLf : Step::kExtension;
}

void ChunkedDecoder::on_trailer(char c) {
  if (++trailer_bytes_ > kTrailerBytesMax) return malformed("trailer too long");
  switch (step_) {
    case Step::kTrailerStart:
    case Step::kTrailer:
      if (c == '\r') {
        step_ = step_ == Step::kTrailerStart ? Step::kEndLf : Step::kTrailerLf;
      } else if (control(c)) {
        malformed("control character in a trailer");
      } else {
        step_ = Step::kTrailer;
      }
      return;
    default:
      if (c != '\n') return malformed("trailer without a line end");
      if (step_ == Step::kEndLf) state_ = State::kDone;
      step_ = Step::kTrailerStart;
      return;
  }
}

}  // namespace appliance::net::http
