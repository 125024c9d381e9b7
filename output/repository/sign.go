package repository

import (
	"bytes"
	"crypto/rand"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	promconfig "github.com/prometheus/common/config"
	"golang.org/x/crypto/ssh"
)

// signer gives the armored signature of a commit that has none yet.
type signer interface {
	sign(commit *object.Commit, at time.Time) (string, error)
}

// newSigner reads a private key, in whichever of the two forms it is. No key
// gives no signer.
func newSigner(key []byte, passphrase promconfig.Secret) (signer, error) {
	switch {
	case len(bytes.TrimSpace(key)) == 0:
		return nil, nil
	case bytes.Contains(key, []byte("BEGIN PGP PRIVATE KEY BLOCK")):
		return newPGPSigner(key, passphrase)
	default:
		return newSSHSigner(key, passphrase)
	}
}

func signed(commit *object.Commit) ([]byte, error) {
	var encoded plumbing.MemoryObject
	if err := commit.EncodeWithoutSignature(&encoded); err != nil {
		return nil, err
	}
	reader, err := encoded.Reader()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

type pgpSigner struct{ entity *openpgp.Entity }

func newPGPSigner(key []byte, passphrase promconfig.Secret) (signer, error) {
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(key))
	if err != nil {
		return nil, fmt.Errorf("reading OpenPGP: %w", err)
	}
	if len(ring) != 1 || ring[0].PrivateKey == nil {
		return nil, errors.New("it has to be one OpenPGP private key")
	}
	if err := ring[0].DecryptPrivateKeys([]byte(passphrase)); err != nil {
		return nil, fmt.Errorf("decrypting the OpenPGP key: %w", err)
	}
	return pgpSigner{ring[0]}, nil
}

func (s pgpSigner) sign(commit *object.Commit, at time.Time) (string, error) {
	message, err := signed(commit)
	if err != nil {
		return "", err
	}
	var armored strings.Builder
	config := &packet.Config{Time: func() time.Time { return at }}
	err = openpgp.ArmoredDetachSign(&armored, s.entity, bytes.NewReader(message), config)
	return armored.String() + "\n", err
}

type sshSigner struct{ key ssh.AlgorithmSigner }

func newSSHSigner(key []byte, passphrase promconfig.Secret) (signer, error) {
	parsed, err := ssh.ParsePrivateKey(key)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		parsed, err = ssh.ParsePrivateKeyWithPassphrase(key, []byte(passphrase))
	}
	if err != nil {
		return nil, fmt.Errorf("it is neither an OpenPGP nor an OpenSSH private key that can be read: %w", err)
	}
	signs, ok := parsed.(ssh.AlgorithmSigner)
	if !ok {
		return nil, fmt.Errorf("ssh keys of type %s are of no use here", parsed.PublicKey().Type())
	}
	return sshSigner{signs}, nil
}

// sign writes what OpenSSH's PROTOCOL.sshsig describes, for git's namespace.
func (s sshSigner) sign(commit *object.Commit, _ time.Time) (string, error) {
	const magic, namespace, reserved, hash = "SSHSIG", "git", "", "sha512"
	message, err := signed(commit)
	if err != nil {
		return "", err
	}
	sum := sha512.Sum512(message)
	toSign := ssh.Marshal(struct {
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{namespace, reserved, hash, sum[:]})
	algorithm := s.key.PublicKey().Type()
	if algorithm == ssh.KeyAlgoRSA { // by itself it means SHA-1, which sshsig forbids
		algorithm = ssh.KeyAlgoRSASHA512
	}
	signature, err := s.key.SignWithAlgorithm(rand.Reader, append([]byte(magic), toSign...), algorithm)
	if err != nil {
		return "", err
	}
	blob := ssh.Marshal(struct {
		Version                   uint32
		PublicKey                 []byte
		Namespace, Reserved, Hash string
		Signature                 []byte
	}{1, s.key.PublicKey().Marshal(), namespace, reserved, hash, ssh.Marshal(signature)})
	return string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: append([]byte(magic), blob...)})), nil
}
