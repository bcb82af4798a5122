#include "service/provisioning.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "base/json_text.hpp"
#include "schema/builtin.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using base::Error;
using base::ErrorKind;

// Events among which the lines of one step are looked for.
constexpr std::size_t kLooksBack = 5'000;

Error active_run(const model::Run& run) {
  Error error{ErrorKind::kConflict,
              "run.active",
              "The tenant already has an active run.",
              "Wait for it to end, or cancel it.",
              {},
              {}};
  for (const auto verb : model::allowed_verbs(run)) error.allowed_verbs.emplace_back(word(verb));
  return error;
}

Error not_loaded(const base::EngineId& engine) {
  return {ErrorKind::kUnavailable,
          "engine.not_loaded",
          "The engine " + engine.value + " is not loaded.",
          "Put its file back; GET /api/engines says what is loaded and what was refused.",
          {},
          {}};
}

Error bad_settings(const ErpServer& server, std::vector<base::Problem> problems) {
  for (auto& problem : problems) problem.pointer = "/servers/" + server.id.value + "/settings" + problem.pointer;
  return {ErrorKind::kUnavailable,
          "server.settings",
          "The engine does not accept the settings of the ERP server " + server.id.value + ".",
          "Correct them in the host's configuration.",
          std::move(problems),
          {}};
}

Error version_gone(const model::Manifest& manifest) {
  return {ErrorKind::kUnavailable,
          "engine.gone",
          "Version " + manifest.version + " of engine " + manifest.engine.value +
              ", which the run began on, is not loaded.",
          "Put its file back, or continue with another version; validate_only shows what that would do.",
          {},
          {}};
}

Error version_unknown(const base::EngineId& engine, const std::string& version) {
  return base::invalid("engine.version", "There is no version " + version + " of engine " + engine.value + ".",
                       {{"/version", "expected a version that GET /api/engines lists as active"}});
}

Error never_started() {
  return {ErrorKind::kConflict, "run.none", "The tenant was never started.", "Start it.", {}, {"start"}};
}

bool needs_engine(model::Verb verb) {
  using model::Verb;
  return verb == Verb::kRetry || verb == Verb::kContinue || verb == Verb::kRerunFrom || verb == Verb::kRollback ||
         verb == Verb::kVerify || verb == Verb::kDeprovision;
}

// The engine's parameters: those of the original interface at the top, others under "parameters". null means absent.
json::object parameters(const json::object& body) {
  json::object out;
  if (const auto* nested = body.if_contains("parameters"); nested != nullptr && nested->is_object())
    out = nested->get_object();
  for (const auto& member : body)
    if (member.key() != "parameters" && member.key() != "validate_only" && !member.value().is_null())
      out[member.key()] = member.value();
  return out;
}

// Problems of the engine's schema point into the parameters; the client sent them in one of two places.
std::vector<base::Problem> placed(std::vector<base::Problem> problems, const json::object& body) {
  const auto* nested = body.if_contains("parameters");
  for (auto& problem : problems) {
    const auto name = problem.pointer.substr(0, problem.pointer.find('/', 1));
    if (nested != nullptr && base::find_pointer(*nested, name) != nullptr)
      problem.pointer = "/parameters" + problem.pointer;
  }
  return problems;
}

json::object tenant_document(const model::Tenant& tenant) {
  json::error_code failure;
  auto labels = json::parse(tenant.labels.empty() ? "{}" : tenant.labels, failure);
  return {{"id", tenant.id.value},
          {"name", tenant.name},
          {"country_code", tenant.country_code},
          {"admin_name", tenant.admin_name},
          {"admin_email", tenant.admin_email},
          {"labels", failure ? json::value(json::object()) : std::move(labels)}};
}

CommandAnswer asked(json::object answer) {
  const auto* scope = answer.if_contains("scope");
  return {base::to_text(answer), {}, scope != nullptr ? *scope : json::value()};
}

}  // namespace

Provisioning::Provisioning(store::Store& store, Identity& identity, execution::Scheduler& scheduler,
                           const Engines& engines, const Servers& servers, const base::Clock& clock)
    : store_(store),
      identity_(identity),
      scheduler_(scheduler),
      engines_(engines),
      servers_(servers),
      clock_(clock),
      durations_(store, clock) {}

base::Result<model::TenantSummary> Provisioning::tenant_for(const Actor& actor, const base::TenantId& tenant,
                                                            model::TenantRole least) {
  if (const auto allowed = identity_.require(actor, tenant, least); allowed.has_error()) return allowed.error();
  auto found = store_.tenant(tenant);
  if (found.has_error()) return found.error();
  if (!*found) return base::not_found("tenant.unknown", "There is no such tenant.");
  if ((*found)->tenant.removed_at != base::Time{}) return gone();
  return std::move(**found);
}

base::Result<execution::RunView> Provisioning::newest_run(const base::TenantId& tenant) {
  if (auto known = scheduler_.board().newest_of(tenant)) return known;
  auto stored = store_.newest_run(tenant);
  if (stored.has_error()) return stored.error();
  if (!*stored) return execution::RunView();
  return std::make_shared<const model::Run>(std::move(**stored));
}

base::Result<std::shared_ptr<model::RunSpec>> Provisioning::specify(const model::Tenant& tenant,
                                                                    const LoadedEngine& engine,
                                                                    const json::value& body) const {
  if (auto problems = schema::builtin("start_run").check(body); !problems.empty())
    return base::invalid("run.invalid", "The run cannot be started with this.", std::move(problems));
  auto complete = engine.contract->complete_request(parameters(body.get_object()));
  if (complete.has_error())
    return base::invalid("run.parameters", "The engine does not accept these parameters.",
                         placed(std::move(complete.error().problems), body.get_object()));
  auto spec = std::make_shared<model::RunSpec>();
  spec->id = base::RunId(base::new_id("run_"));
  spec->tenant = tenant.id;
  spec->manifest = engine.contract->manifest();
  spec->server = tenant.server;
  spec->request = json::serialize(*complete);
  spec->tenant_document = json::serialize(tenant_document(tenant));
  json::object server{{"id", nullptr}, {"url", nullptr}, {"settings", json::object()}};
  if (const auto* placed_on = servers_.find(tenant.server)) {
    if (auto problems = check_server(*engine.contract, servers_, *placed_on); !problems.empty())
      return bad_settings(*placed_on, std::move(problems));
    server = {{"id", placed_on->id.value}, {"url", placed_on->url}, {"settings", placed_on->settings}};
  } else if (!tenant.server.empty())
    return Error{ErrorKind::kUnavailable,
                 "server.not_configured",
                 "The ERP server " + tenant.server.value + " of this tenant is not configured any more.",
                 "Put it back into the host's configuration.",
                 {},
                 {}};
  spec->server_document = json::serialize(server);
  spec->created_at = clock_.now();
  return spec;
}

void Provisioning::start(const Actor& actor, const base::TenantId& tenant, const json::value& body, Answered answered,
                         base::OperationId operation) {
  if (operation.empty()) operation = base::OperationId(base::new_id("op_"));
  const auto found = tenant_for(actor, tenant, model::TenantRole::kOperator);
  if (found.has_error()) return answered(found.error());
  auto earlier = found->run ? newest_run(tenant) : execution::RunView();
  if (earlier.has_error()) return answered(earlier.error());
  if (*earlier && model::is_active((*earlier)->head)) return answered(active_run(**earlier));
  const auto engine = engines_.find(found->tenant.engine, {});
  if (!engine) return answered(not_loaded(found->tenant.engine));
  auto spec = specify(found->tenant, *engine, body);
  if (spec.has_error()) return answered(spec.error());

  const auto members = body.get_object();
  const auto* validate_only = members.if_contains("validate_only");
  const bool only_asked = validate_only != nullptr && validate_only->is_bool() && validate_only->get_bool();
  validation_.judge(*engine, (*spec)->request, tenant.value,
                    [this, actor, operation, spec = *spec, runtime = engine->runtime, members, only_asked,
                     earlier = std::move(*earlier), answered = std::move(answered)](auto problems) {
                      if (problems.has_error()) return answered(problems.error());
                      if (!problems->empty())
                        return answered(base::invalid("run.refused", "The engine does not accept this request.",
                                                      placed(std::move(*problems), members)));
                      model::Command command;
                      command.id = operation;
                      command.verb = model::Verb::kStart;
                      command.actor = actor.id.value;
                      auto [run, change] = model::new_run(spec, command, clock_.now(), earlier.get());
                      if (only_asked) {
                        model::Scope all;
                        for (std::size_t i = 0; i < run.steps.size(); ++i) all.run.push_back(i);
                        return answered(asked(preview_answer(run, model::Verb::kStart, all)));
                      }
                      scheduler_.create(std::move(run), std::move(change), runtime,
                                        [this, id = command.id, answered](auto view) {
                                          if (view.has_error()) return answered(view.error());
                                          answered(done(**view, id));
                                        });
                    });
}

void Provisioning::command(const Actor& actor, const base::TenantId& tenant, CommandRequest request,
                           Answered answered) {
  const bool ends = request.verb == model::Verb::kDeprovision;
  const auto found = tenant_for(actor, tenant, ends ? model::TenantRole::kOwner : model::TenantRole::kOperator);
  if (found.has_error()) return answered(found.error());
  const auto run = newest_run(tenant);
  if (run.has_error()) return answered(run.error());
  if (!*run) return answered(ends ? remove(tenant, request.validate_only) : never_started());
  if (request.force && !actor.is_admin())
    return answered(Error{ErrorKind::kDenied,
                          "auth.admin_only",
                          "Only an administrator may use force.",
                          "Ask an administrator, or leave force out.",
                          {},
                          {}});
  model::Command command;
  command.id = request.operation.empty() ? base::OperationId(base::new_id("op_")) : request.operation;
  command.verb = request.verb;
  command.step = std::move(request.step);
  command.actor = actor.id.value;
  command.reason = std::move(request.reason);
  command.force = request.force;
  const auto& manifest = (*run)->manifest();
  command.downstream = request.downstream;
  if (!request.version.empty() && request.version != manifest.version) {
    auto onto = respecify(**run, request.version);
    if (onto.has_error()) return answered(onto.error());
    command.onto = std::move(*onto);
  } else if (needs_engine(command.verb) && !engines_.is_loaded(manifest)) {
    const auto scope = model::preview(**run, command);
    return answered(scope.has_error() ? scope.error() : version_gone(manifest));
  }
  if (request.validate_only) {
    const auto scope = model::preview(**run, command);
    if (scope.has_error()) return answered(scope.error());
    if (!command.onto) return answered(asked(preview_answer(**run, command.verb, *scope)));
    const auto moved = model::repinned(**run, command.onto);
    if (moved.has_error()) return answered(moved.error());
    auto preview = preview_answer(*moved, command.verb, *scope);
    preview["versions"] = json::object{{"from", manifest.version}, {"to", request.version}};
    return answered(asked(std::move(preview)));
  }
  scheduler_.command((*run)->spec->id, command, [this, id = command.id, answered = std::move(answered)](auto view) {
    if (view.has_error()) return answered(view.error());
    answered(done(**view, id));
  });
}

// Nothing was ever made for it.
base::Result<CommandAnswer> Provisioning::remove(const base::TenantId& tenant, bool validate_only) {
  if (!validate_only)
    if (const auto removed = store_.remove_tenant(tenant, clock_.now()); removed.has_error()) return removed.error();
  return asked({{"tenant_id", tenant.value},
                {"verb", word(model::Verb::kDeprovision)},
                {"validate_only", validate_only},
                {"removed", !validate_only},
                {"operation", nullptr}});
}

CommandAnswer Provisioning::done(const model::Run& run, const base::OperationId& operation) {
  return {status_answer(run, operation, durations_.expected(run.manifest()), clock_.now()), operation, {}};
}

void Provisioning::plan(const Actor& actor, const base::TenantId& tenant, const json::value& body, Answered answered) {
  const auto found = tenant_for(actor, tenant, model::TenantRole::kOperator);
  if (found.has_error()) return answered(found.error());
  const auto newest = newest_run(tenant);
  if (newest.has_error()) return answered(newest.error());
  if (*newest && model::is_active((*newest)->head)) return answered(active_run(**newest));
  const auto engine = engines_.find(found->tenant.engine, {});
  if (!engine) return answered(not_loaded(found->tenant.engine));
  auto spec = specify(found->tenant, *engine, body);
  if (spec.has_error()) return answered(spec.error());
  auto imagined = model::new_run(*spec, model::Command{}, clock_.now()).first;
  scheduler_.foresee(std::move(imagined), engine->runtime,
                     [spec = *spec, answered = std::move(answered)](const auto& answers) {
                       answered(asked(plan_answer(*spec, answers)));
                     });
}

base::Result<std::shared_ptr<const model::RunSpec>> Provisioning::respecify(const model::Run& run,
                                                                            const std::string& version) const {
  const auto engine = engines_.find(run.manifest().engine, version);
  if (!engine) return version_unknown(run.manifest().engine, version);
  const auto mismatch = [&](const std::string& why, std::vector<base::Problem> problems) {
    return Error{ErrorKind::kConflict,
                 "run.version_mismatch",
                 "Version " + version + " of engine " + run.manifest().engine.value + " does not fit: " + why,
                 "Continue with version " + run.manifest().version + ", whose file has to be loaded, or start again.",
                 std::move(problems),
                 {}};
  };
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto& step = run.steps[i];
    const auto there = engine->manifest().find(run.manifest().steps[i].id);
    if (!there || !model::is_ok(step.state) || !step.output) continue;
    if (const auto fault = engine->contract->check_output(*there, *step.output))
      return mismatch("step " + run.manifest().steps[i].id + " is finished, and its output is not what that version " +
                          "expects. " + fault->message,
                      {});
  }
  auto request = engine->contract->complete_request(json::parse(run.spec->request));
  if (request.has_error())
    return mismatch("it does not accept the parameters of the run.", std::move(request.error().problems));
  auto spec = std::make_shared<model::RunSpec>(*run.spec);
  spec->manifest = engine->contract->manifest();
  spec->request = json::serialize(*request);
  return std::shared_ptr<const model::RunSpec>(std::move(spec));
}

StatusPages::Page Provisioning::status_at_once(const std::string& token, const base::TenantId& tenant) {
  const auto run = scheduler_.board().newest_of(tenant);
  if (!run || model::is_removed(run->head) || !identity_.surely_may_view(token, tenant)) return nullptr;
  return pages_.find(run, clock_.now());
}

base::Result<execution::RunView> Provisioning::visible_run(const Actor& actor, const base::TenantId& tenant) {
  if (const auto allowed = identity_.require(actor, tenant, model::TenantRole::kViewer); allowed.has_error())
    return allowed.error();
  auto run = newest_run(tenant);
  if (run.has_value() && *run && model::is_removed((*run)->head)) return gone();
  return run;
}

base::Result<json::object> Provisioning::never_run(const base::TenantId& tenant) {
  const auto found = store_.tenant(tenant);
  if (found.has_error()) return found.error();
  if (!*found) return base::not_found("tenant.unknown", "There is no such tenant.");
  if ((*found)->tenant.removed_at != base::Time{}) return gone();
  const auto engine = engines_.find((*found)->tenant.engine, {});
  if (!engine) return not_loaded((*found)->tenant.engine);
  return not_started_answer(tenant, engine->manifest(), durations_.expected(engine->manifest()));
}

base::Result<Status> Provisioning::status(const Actor& actor, const base::TenantId& tenant) {
  const auto run = visible_run(actor, tenant);
  if (run.has_error()) return run.error();
  const auto now = clock_.now();
  if (*run) {
    if (auto page = pages_.find(*run, now)) return Status{*run, std::move(page)};
    auto answer = status_answer(**run, std::nullopt, durations_.expected((*run)->manifest()), now);
    return Status{*run, pages_.keep(*run, std::move(answer), now)};
  }
  const auto answer = never_run(tenant);
  if (answer.has_error()) return answer.error();
  return Status{nullptr, std::make_shared<const std::string>(base::to_text(*answer))};
}

base::Result<json::object> Provisioning::logs(const Actor& actor, const base::TenantId& tenant, std::size_t limit,
                                              const std::string& step) {
  if (const auto found = tenant_for(actor, tenant, model::TenantRole::kViewer); found.has_error()) return found.error();
  const auto events = store_.tenant_events(tenant, step.empty() ? limit : std::max(limit, kLooksBack));
  if (events.has_error()) return events.error();
  json::array lines;
  for (const auto& event : *events)
    if (step.empty() || event.event.step == step)
      if (auto line = log_line(event)) lines.push_back(std::move(*line));
  if (lines.size() > limit) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
  return json::object{{"logs", std::move(lines)}};
}

base::Result<json::object> Provisioning::operation(const Actor& actor, const base::OperationId& id) {
  const auto found = store_.operation(id);
  if (found.has_error()) return found.error();
  const auto unknown = base::not_found("operation.unknown", "There is no such operation.");
  if (!*found) return unknown;
  const auto& operation = **found;
  if (identity_.require(actor, operation.tenant, model::TenantRole::kViewer).has_error()) return unknown;
  json::error_code failure;
  auto scope = json::parse(operation.scope, failure);
  return json::object{{"id", operation.id.value},
                      {"tenant_id", operation.tenant.value},
                      {"run_id", operation.run.value},
                      {"verb", word(operation.verb)},
                      {"step", operation.step.empty() ? json::value(nullptr) : json::value(operation.step)},
                      {"actor", operation.actor},
                      {"reason", operation.reason},
                      {"scope", failure ? json::value(nullptr) : std::move(scope)},
                      {"created_at", base::format_time(operation.created_at)}};
}

}  // namespace tenantry::service
