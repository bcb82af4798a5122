#include "console/console.hpp"

#include <algorithm>

#include "console/embedded.hpp"

namespace tenantry::console {
namespace {

constexpr std::string_view kPage = "index.html";
const http::RouteOptions kFromMemory{http::Where::kIoThread, 0};
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

std::string_view type_of(std::string_view path) {
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "application/json";
}

const File* find(std::string_view path) {
  const auto& all = files();
  const auto found = std::find_if(all.begin(), all.end(), [&](const File& file) { return file.path == path; });
  return found == all.end() ? nullptr : &*found;
}

bool takes_gzip(const http::Request& request) {
  return request.header("Accept-Encoding").value_or("").find("gzip") != std::string_view::npos;
}

void send(const File& file, const http::Request& request, const http::Reply& reply, std::vector<http::Header> headers) {
  http::Response response;
  response.content_type = type_of(file.path);
  response.headers = std::move(headers);
  response.headers.push_back({"Vary", "Accept-Encoding"});
  if (takes_gzip(request)) response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = takes_gzip(request) ? file.zipped : file.text;
  reply.send(std::move(response));
}

void send_page(const http::Request& request, const http::Reply& reply) {
  const auto tag = "W/\"" + std::string(version()) + '"';
  std::vector<http::Header> headers{{"Content-Security-Policy", kPolicy},
                                    {"Cross-Origin-Opener-Policy", "same-origin"},
                                    {"Referrer-Policy", "no-referrer"},
                                    {"Cache-Control", "no-cache"},
                                    {"ETag", tag}};
  if (request.header("If-None-Match").value_or("").find(tag) == std::string_view::npos)
    return send(*find(kPage), request, reply, std::move(headers));
  http::Response unchanged;
  unchanged.status = 304;
  unchanged.headers = std::move(headers);
  reply.send(std::move(unchanged));
}

void send_file(const http::Request& request, const http::Reply& reply) {
  const auto* file = request.param("version") == version() ? find(request.param("path")) : nullptr;
  if (file == nullptr)
    return reply.send(base::not_found("console.file", "The console has no such file; load the page again."));
  send(*file, request, reply, {{"Cache-Control", "public, max-age=31536000, immutable"}});
}

}  // namespace

void add_routes(http::Router& router) {
  for (const auto* path : {"/", "/console", "/console/{page...}"})
    router.add(http::Method::kGet, path, send_page, kFromMemory);
  router.add(http::Method::kGet, "/console/files/{version}/{path...}", send_file, kFromMemory);
}

}  // namespace tenantry::console
