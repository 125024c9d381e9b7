package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// read gives the secrets. One that is empty would let everybody in.
func (s Secrets) read() ([]string, error) {
	secrets, err := s()
	if err != nil {
		return nil, err
	}
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return secret == "" })
	if len(secrets) == 0 {
		return nil, errors.New("there is no secret; put one into the receiver's file")
	}
	return secrets, nil
}

// bears tells whether a request's bearer token is one of the secrets. All are
// compared, by hashes of one length, so that its time tells nothing.
func bears(header http.Header, secrets []string) bool {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	given, same := sha256.Sum256([]byte(strings.TrimSpace(token))), 0
	for _, secret := range secrets {
		want := sha256.Sum256([]byte(secret))
		same |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	return same == 1
}

// signedByPagerDuty tells whether one of the signatures in the header is that of
// the body. There are several while PagerDuty's secret is replaced.
func signedByPagerDuty(header http.Header, body []byte, secrets []string) bool {
	given, same := signatures(header), false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, signature := range given {
			same = hmac.Equal(signature, want) || same
		}
	}
	return same
}

// signatures are the HMAC-SHA256 values that the header holds.
func signatures(header http.Header) [][]byte {
	var found [][]byte
	for _, line := range header.Values("X-PagerDuty-Signature") {
		for value := range strings.SplitSeq(line, ",") {
			digits, v1 := strings.CutPrefix(strings.TrimSpace(value), "v1=")
			mac, err := hex.DecodeString(digits)
			if v1 && err == nil && len(mac) == sha256.Size {
				found = append(found, mac)
			}
		}
	}
	return found
}
