#include "content/metalink.hpp"

#include <algorithm>
#include <limits>
#include <pugixml.hpp>
#include <sstream>
#include <utility>

#include "base/names.hpp"
#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr unsigned kParseFlags = pugi::parse_escapes | pugi::parse_wconv_attribute;
constexpr std::size_t kMirrors = 64;
constexpr std::uint64_t kSmallestPiece = 1024;
constexpr std::uint64_t kLargestPiece = 1U << 30U;

std::string_view TextOf(const pugi::xml_node& node) { return Trim(node.child_value()); }

/// Lower case, or empty when it is no hexadecimal text of `digits` digits.
std::string HexText(std::string_view text, std::size_t digits) {
  if (text.size() != digits) return {};
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return {};
  }
  return out;
}

void ReadPieces(const pugi::xml_node& node, Metalink& metalink) {
  const std::string_view type = node.attribute("type").value();
  const std::size_t digits = type == "sha-1" ? 40 : type == "sha-256" ? 64 : 0;
  const auto length = ToInteger(node.attribute("length").value());
  if (digits == 0 || metalink.size == 0 || !length) return;
  const auto piece = static_cast<std::uint64_t>(*length);
  if (*length < 0 || piece < kSmallestPiece || piece > kLargestPiece) return;
  std::vector<std::string> pieces;
  for (const pugi::xml_node& hash : node.children("hash")) {
    pieces.push_back(HexText(TextOf(hash), digits));
    if (pieces.back().empty()) return;
  }
  if (pieces.size() != (metalink.size + piece - 1) / piece) return;
  metalink.piece_length = piece;
  metalink.piece_type = type;
  metalink.pieces = std::move(pieces);
}

void ReadUrls(const pugi::xml_node& file, Metalink& metalink) {
  std::vector<std::pair<long long, std::string>> urls;
  for (const pugi::xml_node& node : file.children("url")) {
    const std::string_view url = TextOf(node);
    if (!IsFetchUrl(url)) continue;
    const auto priority = ToInteger(node.attribute("priority").value());
    urls.emplace_back(priority.value_or(std::numeric_limits<int>::max()), url);
  }
  std::ranges::stable_sort(urls, {}, &std::pair<long long, std::string>::first);
  for (auto& [priority, url] : urls) {
    if (metalink.urls.size() >= kMirrors) break;
    if (std::ranges::find(metalink.urls, url) == metalink.urls.end()) metalink.urls.push_back(std::move(url));
  }
}

}  // namespace

Result<Metalink> ParseMetalink(std::string_view text) {
  std::string copy(text);  // pugixml works in place
  pugi::xml_document document;
  const auto outcome = document.load_buffer_inplace(copy.data(), copy.size(), kParseFlags, pugi::encoding_utf8);
  const pugi::xml_node file = document.child("metalink").child("file");
  if (!outcome || !file) return Fail(ErrorCode::Corrupt, "the metalink is no valid document");
  Metalink metalink;
  const auto size = ToInteger(TextOf(file.child("size")));
  if (size && *size > 0) metalink.size = static_cast<std::uint64_t>(*size);
  for (const pugi::xml_node& hash : file.children("hash")) {
    if (std::string_view(hash.attribute("type").value()) == "sha-256") metalink.sha256 = HexText(TextOf(hash), 64);
  }
  for (const pugi::xml_node& pieces : file.children("pieces")) {
    if (metalink.pieces.empty()) ReadPieces(pieces, metalink);
  }
  ReadUrls(file, metalink);
  if (metalink.urls.empty()) return Fail(ErrorCode::Corrupt, "the metalink offers no usable address");
  return metalink;
}

std::string PrintMetalink(const Metalink& metalink, std::string_view file_name) {
  pugi::xml_document document;
  pugi::xml_node top = document.append_child("metalink");
  top.append_attribute("xmlns") = "urn:ietf:params:xml:ns:metalink";
  pugi::xml_node file = top.append_child("file");
  file.append_attribute("name") = std::string(file_name).c_str();
  if (metalink.size > 0) file.append_child("size").text() = static_cast<unsigned long long>(metalink.size);
  if (!metalink.pieces.empty()) {
    pugi::xml_node pieces = file.append_child("pieces");
    pieces.append_attribute("length") = static_cast<unsigned long long>(metalink.piece_length);
    pieces.append_attribute("type") = metalink.piece_type.c_str();
    for (const std::string& hash : metalink.pieces) pieces.append_child("hash").text() = hash.c_str();
  }
  int priority = 0;
  for (const std::string& url : metalink.urls) {
    pugi::xml_node node = file.append_child("url");
    node.append_attribute("priority") = ++priority;
    node.text() = url.c_str();
  }
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return std::move(out).str();
}

}  // namespace cmdsrv
