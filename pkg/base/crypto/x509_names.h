// Subjects and alternative names, as certificates and signing requests share them. Not for other modules.
#pragma once

#include <openssl/x509v3.h>

#include <string>
#include <vector>

#include "base/crypto/openssl.h"
#include "base/crypto/sha256.h"

namespace appliance::crypto {

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;

std::vector<std::string> name_entries(const X509_NAME* name, int nid);
std::string common_name_of(const X509_NAME* name);  // the most specific one, as Go takes it
Result<> set_name(X509_NAME* name, const std::string& common_name, const std::vector<std::string>& organizations);

struct AltNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  bool has_others = false;  // mail addresses, URIs and whatever else there is
};
AltNames read_alt_names(const GENERAL_NAMES* names);  // null: none
// kInvalidArgument for more than kSanMax, an empty DNS name or an address that is none.
Result<GeneralNamesPtr> make_alt_names(const std::vector<std::string>& dns_names,
                                       const std::vector<std::string>& ip_addresses);

// Hex digest of the object's DER; "" when it has none.
template <class T, class Encode>
std::string der_sha256(T* object, Encode encode) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  if (size < 0) return {};
  std::string out = sha256_hex({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return out;
}

}  // namespace appliance::crypto
