#include "base/crypto/x509_names.h"

#include <arpa/inet.h>

#include <array>

#include "base/crypto/x509.h"

namespace appliance::crypto {
namespace {

Result<> add_name_entry(X509_NAME* name, const char* field, const std::string& value) {
  if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) != 1)
    return fail(openssl_error(Code::kInvalidArgument, std::string("certificate: ") + field + " \"" + value + "\""));
  return {};
}

Result<> push_dns(GENERAL_NAMES* names, const std::string& dns) {
  if (dns.empty() || dns.find('\0') != std::string::npos)
    return fail(Code::kInvalidArgument, "certificate: an empty DNS name");
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  sk_GENERAL_NAME_push(names, name);
  return {};
}

Result<> push_ip(GENERAL_NAMES* names, const std::string& address) {
  ASN1_OCTET_STRING* bytes = a2i_IPADDRESS(address.c_str());
  if (bytes == nullptr)
    return fail(openssl_error(Code::kInvalidArgument, "certificate: IP address \"" + address + "\""));
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_IPADD, bytes);
  sk_GENERAL_NAME_push(names, name);
  return {};
}

}  // namespace

std::vector<std::string> name_entries(const X509_NAME* name, int nid) {
  std::vector<std::string> out;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) out.emplace_back(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
    OPENSSL_free(utf8);
  }
  return out;
}

std::string common_name_of(const X509_NAME* name) {
  std::vector<std::string> all = name_entries(name, NID_commonName);
  return all.empty() ? std::string() : std::move(all.back());
}

Result<> set_name(X509_NAME* name, const std::string& common_name, const std::vector<std::string>& organizations) {
  for (const std::string& organization : organizations) TRY(add_name_entry(name, "O", organization));
  if (!common_name.empty()) TRY(add_name_entry(name, "CN", common_name));
  return {};
}

AltNames read_alt_names(const GENERAL_NAMES* names) {
  AltNames out;
  const int count = names != nullptr ? sk_GENERAL_NAME_num(names) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      out.dns_names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                 static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
      continue;
    }
    const int size = name->type == GEN_IPADD ? ASN1_STRING_length(name->d.iPAddress) : 0;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if ((size == 4 || size == 16) &&
        inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text.data(), text.size())) {
      out.ip_addresses.emplace_back(text.data());
    } else {
      out.has_others = true;
    }
  }
  return out;
}

// Built from values, not from OpenSSL's "DNS:a,IP:b" text, so that a name can't smuggle another one in by a comma.
Result<GeneralNamesPtr> make_alt_names(const std::vector<std::string>& dns_names,
                                       const std::vector<std::string>& ip_addresses) {
  if (dns_names.size() + ip_addresses.size() > kSanMax)
    return fail(Code::kInvalidArgument, "certificate: more than " + std::to_string(kSanMax) + " alternative names");
  GeneralNamesPtr names(GENERAL_NAMES_new());
  for (const std::string& dns : dns_names) TRY(push_dns(names.get(), dns));
  for (const std::string& address : ip_addresses) TRY(push_ip(names.get(), address));
  return names;
}

}  // namespace appliance::crypto
