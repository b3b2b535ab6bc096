#include <unistd.h>

#include "node/control/routes.h"

namespace appliance::node {
namespace {

using net::http::Exchange;
using runtime::image::Image;

runtime::image::ImageStore* store_of(ControlDeps& deps, Exchange& exchange) {
  auto* images = deps.images();
  if (images == nullptr)
    respond_error(
        exchange,
        Error{.code = Code::kUnavailable, .message = "the image store is not open yet", .errno_value = 0, .hint = {}});
  return images;
}

json::Value summary(const Image& image) {
  json::Array tags;
  for (const auto& tag : image.repo_tags) tags.emplace_back(tag);
  json::Array digests;
  for (const auto& digest : image.repo_digests) digests.emplace_back(digest);
  return json::Object{{"id", image.id},
                      {"tags", std::move(tags)},
                      {"digests", std::move(digests)},
                      {"size", static_cast<int64_t>(image.size_bytes)},
                      {"architecture", image.architecture}};
}

std::string name_of(const Image& image) {
  return !image.repo_tags.empty() ? image.repo_tags[0] : !image.repo_digests.empty() ? image.repo_digests[0] : image.id;
}

std::shared_ptr<net::http::Stream> lines(Exchange& exchange) {
  net::http::Response head;
  head.content_type = "application/x-ndjson";
  return exchange.start_stream(std::move(head));
}

void finish(net::http::Stream& stream, const Result<std::vector<Image>>& images) {
  if (!images) {
    stream.write(json::serialize(json::Object{{"message", images.error().message}, {"hint", images.error().hint}}) +
                 '\n');
  } else {
    json::Array out;
    for (const auto& image : *images) out.push_back(json::Object{{"id", image.id}, {"name", name_of(image)}});
    stream.write(json::serialize(json::Object{{"images", std::move(out)}}) + '\n');
  }
  stream.finish();
}

Result<std::vector<Image>> one(Result<Image> image) {
  if (!image) return fail(image.error());
  return std::vector<Image>{*std::move(image)};
}

}  // namespace

void images_list(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  auto* images = store_of(deps, *exchange);
  if (images == nullptr) return;
  const auto all = images->list();
  if (!all) return respond_error(*exchange, all.error());
  json::Array out;
  for (const auto& image : *all) out.push_back(summary(image));
  respond_json(*exchange, json::Object{{"images", std::move(out)}});
}

void images_pull(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  auto* images = store_of(deps, *exchange);
  const auto body = json::parse(exchange->request().body);
  if (images == nullptr) return;
  if (!body) return respond_error(*exchange, body.error());
  auto stream = lines(*exchange);
  runtime::image::PullOptions options;
  if (const auto user = json::string_at(*body, {"username"}); !user.empty())
    options.auths.push_back({.username = std::string(user),
                             .password = std::string(json::string_at(*body, {"password"})),
                             .identity_token = {}});
  options.progress = [stream](const runtime::image::Progress& p) {
    stream->write(
        json::serialize(json::Object{{"progress", json::Object{{"what", p.what},
                                                               {"done", static_cast<int64_t>(p.bytes_done)},
                                                               {"total", static_cast<int64_t>(p.bytes_total)}}}}) +
        '\n');
  };
  finish(*stream, one(images->pull(std::string(json::string_at(*body, {"reference"})), options)));
}

void images_import(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  auto* images = store_of(deps, *exchange);
  const auto body = json::parse(exchange->request().body);
  if (images == nullptr) return;
  if (!body) return respond_error(*exchange, body.error());
  auto stream = lines(*exchange);
  finish(*stream,
         images->import(std::string(json::string_at(*body, {"path"})), std::string(json::string_at(*body, {"tag"}))));
}

void images_export(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  auto* images = store_of(deps, *exchange);
  const auto body = json::parse(exchange->request().body);
  if (images == nullptr) return;
  if (!body) return respond_error(*exchange, body.error());
  auto stream = lines(*exchange);
  const std::string reference(json::string_at(*body, {"reference"}));
  const auto done = images->export_archive(reference, std::string(json::string_at(*body, {"path"})));
  finish(*stream, done ? one(images->find(reference)) : Result<std::vector<Image>>(fail(done.error())));
}

void images_demo(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  auto* images = store_of(deps, *exchange);
  const auto body = json::parse(exchange->request().body);
  if (images == nullptr) return;
  if (!body) return respond_error(*exchange, body.error());
  auto stream = lines(*exchange);
  finish(*stream, one(images->make_demo("/proc/self/exe", std::string(json::string_at(*body, {"tag"}).empty()
                                                                          ? kDemoImage
                                                                          : json::string_at(*body, {"tag"})))));
}

void images_remove(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  auto* images = store_of(deps, *exchange);
  if (images == nullptr) return;
  const auto removed = images->remove(std::string(exchange->request().query_value("reference")));
  if (!removed) return respond_error(*exchange, removed.error());
  respond_json(*exchange, json::Object{{"removed", true}});
}

}  // namespace appliance::node
