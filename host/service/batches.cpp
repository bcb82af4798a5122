#include "service/batches.hpp"

#include <algorithm>
#include <semaphore>
#include <unordered_map>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "schema/builtin.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using base::Error;
using base::ErrorKind;
using store::BatchItem;

constexpr std::size_t kMostItems = 10'000;
constexpr std::int64_t kPage = 1'000;
constexpr std::size_t kAtOnce = 16;  // of one batch: commands that are not answered yet
constexpr int kTries = 5;            // of a command that the host has no room for
constexpr std::int64_t kDefaultJitter = 25;
constexpr std::chrono::seconds kBetweenLooks{15};
constexpr std::chrono::milliseconds kBetweenTries{500};

std::string text(const json::object& body, std::string_view name) {
  const auto* member = body.if_contains(name);
  return member != nullptr && member->is_string() ? json::value_to<std::string>(*member) : std::string();
}

json::object object(const json::object& body, std::string_view name) {
  const auto* member = body.if_contains(name);
  return member != nullptr && member->is_object() ? member->get_object() : json::object();
}

bool has_labels(const model::Tenant& tenant, const json::object& wanted) {
  if (wanted.empty()) return true;
  const auto labels = base::parse_json(tenant.labels.empty() ? "{}" : tenant.labels);
  const auto* given = labels.has_value() ? labels->if_object() : nullptr;
  return given != nullptr && std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
           const auto* value = given->if_contains(label.key());
           return value != nullptr && *value == label.value();
         });
}

std::string_view state_word(const model::TenantSummary& summary) {
  return summary.state ? model::word(*summary.state) : std::string_view("not_started");
}

json::object describe_error(const Error& error) {
  json::object answer{{"code", error.code}, {"message", error.message}, {"next_action", error.next_action}};
  if (!error.allowed_verbs.empty()) answer["allowed_verbs"] = json::value_from(error.allowed_verbs);
  return answer;
}

json::object describe(const BatchItem& item) {
  json::object answer{{"number", item.number},
                      {"tenant_id", item.tenant.value},
                      {"state", item.state},
                      {"operation", item.state == "done" ? json::value(item.operation.value) : json::value(nullptr)},
                      {"error", nullptr},
                      {"at", item.at == base::Time{} ? json::value(nullptr) : json::value(base::format_time(item.at))}};
  if (item.state == "refused")
    answer["error"] = json::object{{"code", item.code}, {"message", item.message}, {"next_action", item.next_action}};
  return answer;
}

json::object describe(const store::Batch& batch) {
  const auto request = base::parse_json(batch.request).value().as_object();
  const bool over = batch.finished_at != base::Time{};
  return {{"id", batch.id},
          {"verb", text(request, "verb")},
          {"filter", object(request, "filter")},
          {"reason", text(request, "reason")},
          {"state", over ? "finished" : "running"},
          {"total", batch.total},
          {"waiting", batch.total - batch.done - batch.refused},
          {"done", batch.done},
          {"refused", batch.refused},
          {"created_at", base::format_time(batch.created_at)},
          {"finished_at", over ? json::value(base::format_time(batch.finished_at)) : json::value(nullptr)}};
}

void note(BatchItem& item, const base::Result<CommandAnswer>& answer) {
  item.state = answer.has_error() ? "refused" : "done";
  if (!answer.has_error()) return;
  item.code = answer.error().code;
  item.message = answer.error().message;
  item.next_action = answer.error().next_action;
}

base::Result<json::object> checked(const json::value& body) {
  if (auto problems = schema::builtin("batch").check(body); !problems.empty())
    return base::invalid("batch.invalid", "The batch is not understood.", std::move(problems));
  if (object(body.get_object(), "filter").empty())
    return base::invalid("batch.invalid", "The batch does not say which tenants are meant.",
                         {{"/filter", "expected at least one member; {\"all\": true} means every tenant"}});
  return body.get_object();
}

}  // namespace

struct Batches::Active {
  store::Batch batch;
  json::object request;
  base::Result<Actor> actor = base::internal("batch.actor", "unknown");
  bool resumed = false;  // items may have been given before
  std::int64_t jitter = kDefaultJitter;
  std::deque<BatchItem> waiting;
  std::unordered_set<std::string> unanswered;  // tenants
  std::unordered_map<std::int64_t, int> tries;
  std::size_t out = 0;
  Steady next{};
  std::vector<BatchItem> answered;  // not written down yet
};

struct Batches::Shared {
  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  bool stopped = false;
  std::vector<std::shared_ptr<Active>> added;
  struct Answer {
    std::shared_ptr<Active> active;
    BatchItem item;
    base::Result<CommandAnswer> result;
  };
  std::vector<Answer> answers;
};

Batches::Batches(store::Store& store, Provisioning& provisioning, const base::Clock& clock, store::HostLife self)
    : store_(store),
      provisioning_(provisioning),
      clock_(clock),
      self_(std::move(self)),
      shared_(std::make_shared<Shared>()),
      random_(std::random_device{}()) {}

Batches::~Batches() { stop(); }

void Batches::start() {
  thread_ = std::thread([this] { live(); });
}

void Batches::stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
  }
  shared_->changed.notify_all();
  if (thread_.joinable()) thread_.join();
}

base::Result<std::vector<model::TenantSummary>> Batches::select(const Actor& actor, const json::object& filter) const {
  std::unordered_set<std::string> ids;
  if (const auto* given = filter.if_contains("ids"))
    for (const auto& id : given->as_array()) ids.insert(json::value_to<std::string>(id));
  const auto server = text(filter, "server");
  const auto state = text(filter, "state");
  const auto labels = object(filter, "labels");
  model::TenantQuery query;
  if (!actor.is_admin()) query.member = actor.id;
  query.engine = base::EngineId(text(filter, "engine"));
  query.status = text(filter, "status");
  query.text = text(filter, "text");
  query.limit = kPage;
  std::vector<model::TenantSummary> found;
  std::unordered_set<std::string> seen;  // a tenant made meanwhile moves the others on to the next page
  for (;; query.skip += kPage) {
    auto page = store_.tenants(query);
    if (page.has_error()) return page.error();
    for (auto& summary : *page) {
      const auto& tenant = summary.tenant;
      const bool wanted = (ids.empty() || ids.contains(tenant.id.value)) &&
                          (server.empty() || tenant.server.value == server) &&
                          (state.empty() || state_word(summary) == state) && has_labels(tenant, labels);
      if (wanted && seen.insert(tenant.id.value).second) found.push_back(std::move(summary));
    }
    if (found.size() > kMostItems)
      return base::invalid("batch.too_many", "The filter finds more than 10,000 tenants.",
                           {{"/filter", "expected to find at most 10000 tenants"}});
    if (page->size() < static_cast<std::size_t>(kPage)) break;
  }
  if (found.empty())
    return base::invalid("batch.nobody", "The filter finds no tenant.", {{"/filter", "expected to find a tenant"}});
  std::reverse(found.begin(), found.end());  // the oldest first
  return found;
}

base::Result<json::object> Batches::create(const Actor& actor, const json::value& body) {
  const auto request = checked(body);
  if (request.has_error()) return request.error();
  const auto tenants = select(actor, object(*request, "filter"));
  if (tenants.has_error()) return tenants.error();
  store::Batch batch;
  batch.id = base::new_id("bat_");
  batch.account = actor.id;
  batch.request = json::serialize(*request);
  batch.host = self_.host;
  batch.created_at = clock_.now();
  batch.total = static_cast<std::int64_t>(tenants->size());
  std::vector<BatchItem> items;
  items.reserve(tenants->size());
  for (const auto& summary : *tenants) {
    auto& item = items.emplace_back();
    item.number = static_cast<std::int64_t>(items.size());
    item.tenant = summary.tenant.id;
    item.operation = base::OperationId(base::new_id("op_"));
  }
  if (const auto made = store_.batches().create_batch(batch, items); made.has_error()) return made.error();
  add(batch, std::move(items), false);
  return describe(batch);
}

base::Result<json::object> Batches::preview(const Actor& actor, const json::value& body) {
  const auto request = checked(body);
  if (request.has_error()) return request.error();
  const auto tenants = select(actor, object(*request, "filter"));
  if (tenants.has_error()) return tenants.error();
  std::vector<json::object> items(tenants->size());
  std::counting_semaphore<kAtOnce> room{kAtOnce};
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& tenant = (*tenants)[i].tenant;
    items[i] = {{"tenant_id", tenant.id.value}, {"name", tenant.name}};
    room.acquire();
    send(actor, *request, tenant.id, {}, true, [&, i](const base::Result<CommandAnswer>& answer) {
      items[i]["would"] = answer.has_value();
      if (answer.has_error())
        items[i]["error"] = describe_error(answer.error());
      else if (!answer->scope.is_null())
        items[i]["scope"] = answer->scope;
      room.release();
    });
  }
  for (std::size_t i = 0; i < kAtOnce; ++i) room.acquire();  // all are answered
  json::array list;
  std::int64_t would = 0;
  for (auto& item : items) {
    would += item.at("would").as_bool() ? 1 : 0;
    list.push_back(std::move(item));
  }
  const auto total = static_cast<std::int64_t>(tenants->size());
  return json::object{{"validate_only", true}, {"verb", text(*request, "verb")}, {"total", total},
                      {"would", would},        {"refused", total - would},       {"items", std::move(list)}};
}

base::Result<json::object> Batches::get(const Actor& actor, const std::string& id, const std::string& state,
                                        std::int64_t after, std::size_t limit) const {
  const auto found = store_.batches().batch(id);
  if (found.has_error()) return found.error();
  if (!*found || (!actor.is_admin() && (*found)->account != actor.id))
    return base::not_found("batch.unknown", "There is no such batch.");
  const auto items = store_.batches().batch_items(id, state, after, limit);
  if (items.has_error()) return items.error();
  auto answer = describe(**found);
  json::array list;
  for (const auto& item : *items) list.push_back(describe(item));
  answer["next"] = items->size() < limit ? json::value(nullptr) : json::value(items->back().number);
  answer["items"] = std::move(list);
  return answer;
}

void Batches::send(const Actor& actor, const json::object& request, const base::TenantId& tenant,
                   const base::OperationId& operation, bool validate_only, Answered answered) {
  const auto verb = model::verb(text(request, "verb")).value();
  if (verb == model::Verb::kStart) {
    json::object body{{"validate_only", validate_only}};
    if (const auto* parameters = request.if_contains("parameters")) body["parameters"] = *parameters;
    return provisioning_.start(actor, tenant, body, std::move(answered), operation);
  }
  CommandRequest command;
  command.verb = verb;
  command.reason = text(request, "reason");
  command.validate_only = validate_only;
  command.operation = operation;
  provisioning_.command(actor, tenant, std::move(command), std::move(answered));
}

void Batches::add(const store::Batch& batch, std::vector<BatchItem> items, bool resumed) {
  auto active = std::make_shared<Active>();
  active->batch = batch;
  active->request = base::parse_json(batch.request).value().as_object();
  active->resumed = resumed;
  if (const auto* jitter = active->request.if_contains("jitter_ms")) active->jitter = jitter->to_number<std::int64_t>();
  const auto account = store_.account(batch.account);
  if (account.has_value() && *account)
    active->actor = Actor{batch.account, (*account)->email, (*account)->role};
  else
    active->actor = base::Error{
        ErrorKind::kDenied, "batch.account", "The account that asked for this is gone.", "Ask for it anew.", {}, {}};
  for (auto& item : items) {
    active->unanswered.insert(item.tenant.value);
    active->waiting.push_back(std::move(item));
  }
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->added.push_back(std::move(active));
  }
  shared_->changed.notify_all();
}

// What this host's earlier lives, or hosts that are gone, have left over.
void Batches::resume() {
  const auto claimed = store_.batches().claim_batches(self_, clock_.now());
  if (claimed.has_error()) return base::log::warn("batches not claimed", {{"code", claimed.error().code}});
  for (const auto& batch : *claimed) {
    const auto known = [&](const auto& active) { return active->batch.id == batch.id; };
    if (std::any_of(active_.begin(), active_.end(), known)) continue;
    auto items = store_.batches().batch_items(batch.id, "waiting", 0, kMostItems);
    if (items.has_error()) continue;
    base::log::info("batch taken up", {{"batch", batch.id}, {"waiting", items->size()}});
    add(batch, std::move(*items), true);
  }
}

void Batches::live() {
  auto next_look = std::chrono::steady_clock::now();
  auto next_try = next_look;
  for (;;) {
    auto now = std::chrono::steady_clock::now();
    if (now >= next_look) {
      resume();
      next_look = now + kBetweenLooks;
    }
    std::vector<Shared::Answer> answers;
    std::vector<std::shared_ptr<Active>> added;
    bool stopped = false;
    {
      std::unique_lock lock(shared_->mutex);
      shared_->changed.wait_until(lock, std::min(next_look, next_try), [this] {
        return shared_->stopped || !shared_->added.empty() || !shared_->answers.empty();
      });
      answers.swap(shared_->answers);
      added.swap(shared_->added);
      stopped = shared_->stopped;
    }
    // create() and resume() may both have found it; their items are the same.
    for (auto& one : added)
      if (std::none_of(active_.begin(), active_.end(), [&](const auto& a) { return a->batch.id == one->batch.id; }))
        active_.push_back(std::move(one));
    for (auto& [active, item, result] : answers) {
      --active->out;
      const bool later = result.has_error() &&
                         (result.error().kind == ErrorKind::kUnavailable || result.error().kind == ErrorKind::kBusy);
      if (later && ++active->tries[item.number] < kTries) {
        active->waiting.push_back(std::move(item));
        active->next = std::chrono::steady_clock::now() + kBetweenTries;
        continue;
      }
      note(item, result);
      item.at = clock_.now();
      active->unanswered.erase(item.tenant.value);
      active->answered.push_back(std::move(item));
    }
    settle();
    if (stopped) return;
    now = std::chrono::steady_clock::now();
    next_try = give_what_is_due(now);
  }
}

Batches::Steady Batches::give_what_is_due(Steady now) {
  auto next = now + kBetweenLooks;
  for (auto at = active_.begin(); at != active_.end(); ++at) {
    auto& active = **at;
    // Once around at most: items whose tenant an earlier batch still has to do with wait.
    for (auto left = active.waiting.size(); left > 0 && active.out < kAtOnce && active.next <= now; --left) {
      auto item = std::move(active.waiting.front());
      active.waiting.pop_front();
      const bool free = std::none_of(
          active_.begin(), at, [&](const auto& earlier) { return earlier->unanswered.contains(item.tenant.value); });
      if (!free) {
        active.waiting.push_back(std::move(item));
        continue;
      }
      if (active.jitter > 0)
        active.next =
            now + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, 2 * active.jitter)(random_));
      give(active, std::move(item));
    }
    if (!active.waiting.empty()) next = std::min(next, std::max(active.next, now + std::chrono::milliseconds(5)));
    if (!active.answered.empty()) next = std::min(next, now + kBetweenTries);  // the store was away
  }
  return next;
}

void Batches::give(Active& active, BatchItem item) {
  ++active.out;
  const auto self =
      *std::find_if(active_.begin(), active_.end(), [&](const auto& one) { return one.get() == &active; });
  auto answered = [shared = shared_, self, item](const base::Result<CommandAnswer>& result) {
    {
      const std::lock_guard lock(shared->mutex);
      shared->answers.push_back({self, item, result});
    }
    shared->changed.notify_all();
  };
  if (active.actor.has_error()) return answered(active.actor.error());
  if (active.resumed || active.tries.contains(item.number)) {
    const auto given = store_.operation(item.operation);
    if (given.has_error()) return answered(given.error());
    if (*given) return answered(CommandAnswer());  // in an earlier life
  }
  send(*active.actor, active.request, item.tenant, item.operation, false, answered);
}

void Batches::settle() {
  for (auto at = active_.begin(); at != active_.end();) {
    auto& active = **at;
    if (!active.answered.empty()) {
      const auto settled = store_.batches().settle_batch(active.batch.id, active.answered, clock_.now());
      if (settled.has_error()) {
        base::log::warn("batch not written down", {{"batch", active.batch.id}, {"code", settled.error().code}});
        ++at;
        continue;
      }
      active.answered.clear();
    }
    const bool over = active.waiting.empty() && active.out == 0;
    at = over ? active_.erase(at) : std::next(at);
  }
}

}  // namespace tenantry::service
