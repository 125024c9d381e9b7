package repository

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/go-git/go-git/v5/plumbing/object"
	"golang.org/x/crypto/ssh"

	"github.com/debrief-sre/debrief/internal/gittest"
)

// signedCommit updates a branch with a key, and gives the commit as the server has it.
func signedCommit(t *testing.T, key []byte, passphrase string) *object.Commit {
	t.Helper()
	s := gittest.New(t)
	with := settings(s.URL)
	with.SigningKey = key
	with.SigningPassphrase = "wrong" // of a key that has one
	if passphrase != "" {
		if r, err := Open(t.Context(), with); err == nil {
			t.Error("a wrong passphrase opened", r)
		}
		with.SigningPassphrase = "correct horse"
	}
	r, err := Open(t.Context(), with)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if _, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("a", "a"))}); err != nil {
		t.Fatal(err)
	}
	return s.Tip("main")
}

func TestOpenPGPSignature(t *testing.T) {
	for _, passphrase := range []string{"", "correct horse"} {
		entity, err := openpgp.NewEntity("debrief", "", "debrief@example.com", &packet.Config{Time: func() time.Time { return clock.Add(-time.Hour) }})
		if err != nil {
			t.Fatal(err)
		}
		public := armored(t, openpgp.PublicKeyType, func(w *bytes.Buffer) error { return entity.Serialize(w) })
		if passphrase != "" {
			must0(entity.EncryptPrivateKeys([]byte(passphrase), nil))
		}
		private := armored(t, openpgp.PrivateKeyType, func(w *bytes.Buffer) error { return entity.SerializePrivateWithoutSigning(w, nil) })
		commit := signedCommit(t, private, passphrase)
		if _, err := commit.Verify(string(public)); err != nil {
			t.Errorf("with passphrase %q: %v", passphrase, err)
		}
		commit.Message += "forged"
		if _, err := commit.Verify(string(public)); err == nil {
			t.Error("a forged commit verifies")
		}
	}
}

func armored(t *testing.T, kind string, serialize func(*bytes.Buffer) error) []byte {
	t.Helper()
	var raw, out bytes.Buffer
	must0(serialize(&raw))
	w := must(armor.Encode(&out, kind, nil))
	_ = must(w.Write(raw.Bytes()))
	must0(w.Close())
	return out.Bytes()
}

func TestSSHSignature(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must0(err)
	for name, key := range map[string]crypto.Signer{"ed25519": edwards, "rsa": must(rsa.GenerateKey(rand.Reader, 2048))} {
		for _, passphrase := range []string{"", "correct horse"} {
			if name == "rsa" && passphrase != "" {
				continue // the passphrase is the same matter for all keys, and slow
			}
			t.Run(name+" "+passphrase, func(t *testing.T) {
				block, err := ssh.MarshalPrivateKey(key, "")
				if passphrase != "" {
					block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
				}
				must0(err)
				public := must(ssh.NewPublicKey(key.Public()))
				commit := signedCommit(t, pem.EncodeToMemory(block), passphrase)
				message := must(signed(commit))
				verifySSH(t, public, commit.PGPSignature, message)
			})
		}
	}
}

// verifySSH reads an SSH signature by OpenSSH's PROTOCOL.sshsig.
func verifySSH(t *testing.T, key ssh.PublicKey, signature string, message []byte) {
	t.Helper()
	if !strings.HasPrefix(signature, "-----BEGIN SSH SIGNATURE-----\n") {
		t.Fatalf("the signature is %q", signature)
	}
	block, rest := pem.Decode([]byte(signature))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		t.Fatalf("the signature is %q", signature)
	}
	blob, ok := bytes.CutPrefix(block.Bytes, []byte("SSHSIG"))
	if !ok {
		t.Fatal("no magic")
	}
	var sig struct {
		Version                   uint32
		PublicKey                 []byte
		Namespace, Reserved, Hash string
		Signature                 []byte
	}
	must0(ssh.Unmarshal(blob, &sig))
	if sig.Version != 1 || sig.Namespace != "git" || sig.Reserved != "" || sig.Hash != "sha512" || !bytes.Equal(sig.PublicKey, key.Marshal()) {
		t.Errorf("signature %+v", sig)
	}
	var inner ssh.Signature
	must0(ssh.Unmarshal(sig.Signature, &inner))
	if key.Type() == ssh.KeyAlgoRSA && inner.Format != ssh.KeyAlgoRSASHA512 {
		t.Errorf("by %s", inner.Format)
	}
	for forged, text := range map[bool][]byte{false: message, true: append([]byte("x"), message...)} {
		sum := sha512.Sum512(text)
		toVerify := ssh.Marshal(struct {
			Namespace, Reserved, Hash string
			Sum                       []byte
		}{"git", "", "sha512", sum[:]})
		if err := key.Verify(append([]byte("SSHSIG"), toVerify...), &inner); (err != nil) != forged {
			t.Errorf("forged %v: %v", forged, err)
		}
	}
}
