#include "content/nmcli_lists.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr long long kHighestChannel = 11;

/// Calls `one` with the fields of each line that has exactly so many.
template <class One>
void ForEachLine(std::string_view output, std::size_t fields, One one) {
  for (const std::string_view line : Split(output, '\n')) {
    auto values = SplitNmcliLine(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
    if (values.size() == fields) one(std::move(values));
  }
}

bool CanBeUsed(const AccessPoint& point) {
  const auto channel = ToInteger(point.channel);
  return channel && *channel >= 1 && *channel <= kHighestChannel && ToInteger(point.signal).has_value();
}

bool IsBetter(const AccessPoint& one, const AccessPoint& other) {
  if (one.in_use != other.in_use) return one.in_use;
  return ToInteger(one.signal) > ToInteger(other.signal);
}

}  // namespace

std::vector<std::string> SplitNmcliLine(std::string_view line) {
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      fields.back() += line[++i];
    } else if (line[i] == ':') {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  for (std::string& field : fields) field = ToUtf8(field);
  return fields;
}

std::vector<AccessPoint> ParseAccessPoints(std::string_view output) {
  std::vector<AccessPoint> points;
  ForEachLine(output, 7, [&](std::vector<std::string> values) {
    points.push_back({std::move(values[0]), values[1] == "*", std::move(values[2]), std::move(values[3]),
                      std::move(values[4]), std::move(values[5]), std::move(values[6])});
  });
  return points;
}

json::object DescribeAccessPoints(const std::vector<AccessPoint>& points, std::string_view own_ssid) {
  std::map<std::string_view, const AccessPoint*> best;
  std::set<std::string_view> in_use;
  for (const AccessPoint& point : points) {
    if (point.ssid.empty() || point.ssid == own_ssid) continue;
    if (point.in_use) in_use.insert(point.ssid);  // on the other band, too
    if (!CanBeUsed(point)) continue;
    const AccessPoint*& shown = best[point.ssid];
    if (shown == nullptr || IsBetter(point, *shown)) shown = &point;
  }
  json::object described;
  for (const auto& [ssid, point] : best) {
    described[ssid] = {{"in_use", in_use.contains(ssid) ? "*" : " "},
                       {"chan", point->channel},
                       {"signal", point->signal},
                       {"bars", point->bars},
                       {"security", point->security},
                       {"bssid", point->bssid}};
  }
  return described;
}

std::vector<NmConnection> ParseConnections(std::string_view output) {
  std::vector<NmConnection> connections;
  ForEachLine(output, 4, [&](std::vector<std::string> values) {
    if (values[3] == "--") values[3].clear();
    connections.push_back({std::move(values[0]), std::move(values[1]), std::move(values[2]), std::move(values[3])});
  });
  return connections;
}

json::object DescribeConnections(const std::vector<NmConnection>& connections) {
  json::object described;
  for (const NmConnection& one : connections) {
    const json::value* shown = described.if_contains(one.name);
    const bool active = shown != nullptr && !TextMember(shown->get_object(), "device").empty();
    if (!active) described[one.name] = {{"type", one.type}, {"device", one.device}};
  }
  return described;
}

WifiProfile ParseWifiProfile(std::string_view output) {
  const auto lines = Split(output, '\n');
  const auto value = [&](std::size_t line) {
    return line < lines.size() ? SplitNmcliLine(lines[line]).front() : std::string();
  };
  return {value(0), value(1)};
}

}  // namespace cmdsrv
