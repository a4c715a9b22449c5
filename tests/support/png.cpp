#include "support/png.hpp"

#include <string_view>

namespace cmdsrv::test {
namespace {

void AppendBigEndian(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xffU);
}

std::uint32_t Crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

std::uint32_t Adler32(std::string_view bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const unsigned char byte : bytes) {
    a = (a + byte) % 65521U;
    b = (b + a) % 65521U;
  }
  return (b << 16U) | a;
}

void AppendChunk(std::string& out, std::string_view kind, std::string_view data) {
  AppendBigEndian(out, static_cast<std::uint32_t>(data.size()));
  const std::string body = std::string(kind) + std::string(data);
  out += body;
  AppendBigEndian(out, Crc32(body));
}

/// A zlib stream of one stored block, which holds at most 65535 bytes: no compression library is needed.
std::string Stored(std::string_view raw) {
  const auto length = static_cast<std::uint16_t>(raw.size());
  std::string out = {'\x78', '\x01', '\x01'};
  for (const unsigned value : {unsigned{length}, ~unsigned{length}}) {
    out += static_cast<char>(value & 0xffU);
    out += static_cast<char>((value >> 8U) & 0xffU);
  }
  out += raw;
  AppendBigEndian(out, Adler32(raw));
  return out;
}

}  // namespace

std::string MakePng(unsigned size, std::uint32_t colour) {
  std::string header;
  AppendBigEndian(header, size);
  AppendBigEndian(header, size);
  header += std::string_view("\x01\x03\x00\x00\x00", 5);  // 1 bit a point, from a palette: catalogs carry it as text

  std::string palette;
  for (const unsigned divisor : {1U, 2U}) {
    for (const unsigned shift : {16U, 8U, 0U}) palette += static_cast<char>(((colour >> shift) & 0xffU) / divisor);
  }
  std::string raw;
  for (unsigned y = 0; y < size; ++y) {
    std::string line(1 + (size + 7) / 8, '\0');  // first byte: no filter
    for (unsigned x = 0; x < size; ++x) {
      const bool frame = x < 2 || y < 2 || x + 2 >= size || y + 2 >= size;
      if (frame) line[1 + x / 8] = static_cast<char>(line[1 + x / 8] | (0x80 >> (x % 8)));
    }
    raw += line;
  }
  std::string png("\x89PNG\r\n\x1a\n", 8);
  AppendChunk(png, "IHDR", header);
  AppendChunk(png, "PLTE", palette);
  AppendChunk(png, "IDAT", Stored(raw));
  AppendChunk(png, "IEND", "");
  return png;
}

}  // namespace cmdsrv::test
