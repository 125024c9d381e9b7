package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/debrief-sre/debrief/e2e/process"
)

const (
	rolloutsController = "rollouts-controller"
	apiServer          = "kube-apiserver"
)

// ports are those of a lab's servers.
type ports struct {
	etcd, etcdPeer, apiServer, kwok, argoMetrics, argoHealth, prometheus int
}

func reservePorts() (ports, error) {
	p, err := process.FreePorts(7)
	if err != nil {
		return ports{}, err
	}
	return ports{p[0], p[1], p[2], p[3], p[4], p[5], p[6]}, nil
}

// startAPIServer starts etcd and the API server, writes the two kubeconfigs and
// makes the clients.
func (l *Lab) startAPIServer(ctx context.Context) error {
	if err := l.startEtcd(); err != nil {
		return err
	}
	adminToken, readerToken := randomToken(), randomToken()
	if err := l.writeCredentials(adminToken, readerToken); err != nil {
		return err
	}
	err := l.procs.Start(apiServer, l.built.Bin("kube-apiserver"),
		"--etcd-servers=http://"+process.Loopback(l.ports.etcd),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", l.ports.apiServer),
		"--cert-dir="+l.path("certs"),
		"--token-auth-file="+l.path("tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+l.path("service-accounts.pem"),
		"--service-account-signing-key-file="+l.path("service-accounts.pem"),
		"--service-cluster-ip-range=10.0.0.0/24",
		// Pods here need no token, and no controller has to make accounts first.
		"--disable-admission-plugins=ServiceAccount",
		// Nothing here is worth a clean farewell: a lab ends at once.
		"--shutdown-delay-duration=0s",
		"--shutdown-send-retry-after=true",
	)
	if err != nil {
		return err
	}
	// The API server signs itself a certificate before it listens.
	certificate := l.path("certs", "apiserver.crt")
	if err := process.Poll(ctx, "the API server's certificate", func(context.Context) error {
		_, err := os.Stat(certificate)
		return err
	}); err != nil {
		return err
	}
	if l.Kubeconfig, err = l.writeKubeconfig("admin", adminToken, certificate); err != nil {
		return err
	}
	if l.ReaderKubeconfig, err = l.writeKubeconfig("debrief", readerToken, certificate); err != nil {
		return err
	}
	if err := l.makeClients(); err != nil {
		return err
	}
	return l.waitAPIServer(ctx)
}

func (l *Lab) waitAPIServer(ctx context.Context) error {
	return process.Poll(ctx, "the API server", func(ctx context.Context) error {
		return l.Kube.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// RestartAPIServer ends the API server and starts it again on the same etcd. Every watch ends, and its cache of changes is lost.
func (l *Lab) RestartAPIServer(ctx context.Context) error {
	if err := l.procs.Restart(apiServer); err != nil {
		return err
	}
	return l.waitAPIServer(ctx)
}

// Compact has etcd forget every change before its present revision, as it does
// by and by of itself: who watches from an older one is told that it is gone.
func (l *Lab) Compact(ctx context.Context) error {
	var status struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	if err := l.etcd(ctx, "/v3/maintenance/status", map[string]any{}, &status); err != nil {
		return err
	}
	return l.etcd(ctx, "/v3/kv/compaction", map[string]any{"revision": status.Header.Revision, "physical": true}, nil)
}

// etcd asks etcd by its JSON gateway.
func (l *Lab) etcd(ctx context.Context, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("asking etcd: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+process.Loopback(l.ports.etcd)+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking etcd: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking etcd: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answered %s to %s", resp.Status, path)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

func (l *Lab) startEtcd() error {
	client, peer := "http://"+process.Loopback(l.ports.etcd), "http://"+process.Loopback(l.ports.etcdPeer)
	return l.procs.Start("etcd", l.built.Bin("etcd"),
		"--data-dir="+l.path("etcd"),
		"--listen-client-urls="+client,
		"--advertise-client-urls="+client,
		"--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer,
		"--initial-cluster=default="+peer,
		"--unsafe-no-fsync", // the data dies with the lab
	)
}

// startControllers starts everything that works against the API server, and
// returns when both nodes are ready and the Argo Rollouts controller is up.
func (l *Lab) startControllers(ctx context.Context) error {
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		err := l.procs.Start(name, l.built.Bin(name),
			"--kubeconfig="+l.Kubeconfig, "--leader-elect=false", "--secure-port=0")
		if err != nil {
			return err
		}
	}
	if err := l.startKwok(); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.addNodes(gctx) })
	g.Go(func() error { return l.startArgo(gctx) })
	return g.Wait()
}

// startKwok starts the player of kubelets, with the stages by which a node
// becomes ready and a pod runs, completes or goes.
func (l *Lab) startKwok() error {
	args := []string{
		"--kubeconfig=" + l.Kubeconfig,
		"--manage-all-nodes=true",
		"--server-address=" + process.Loopback(l.ports.kwok),
	}
	for _, stage := range l.built.Files("kwok") {
		args = append(args, "--config="+stage)
	}
	return l.procs.Start("kwok", l.built.Bin("kwok"), args...)
}

// addNodes registers the nodes and waits until kwok has made them ready.
func (l *Lab) addNodes(ctx context.Context) error {
	if err := l.Apply(ctx, clusterManifest); err != nil {
		return err
	}
	for _, node := range []string{"node-1", "node-2"} {
		if err := l.waitNode(ctx, node); err != nil {
			return err
		}
	}
	return nil
}

// startArgo installs the custom resources and starts their controller.
func (l *Lab) startArgo(ctx context.Context) error {
	if err := l.installCRDs(ctx); err != nil {
		return err
	}
	err := l.procs.Start(rolloutsController, l.built.Bin("rollouts-controller"),
		"--kubeconfig="+l.Kubeconfig,
		"--leader-elect=false",
		"--namespace=argo-rollouts",
		fmt.Sprintf("--metricsPort=%d", l.ports.argoMetrics),
		fmt.Sprintf("--healthzPort=%d", l.ports.argoHealth),
	)
	if err != nil {
		return err
	}
	return l.waitArgo(ctx)
}

func (l *Lab) installCRDs(ctx context.Context) error {
	for _, file := range l.built.Files("argo-rollouts") {
		crd, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading a custom resource definition: %w", err)
		}
		if err := l.Apply(ctx, string(crd)); err != nil {
			return err
		}
	}
	return l.waitCRDs(ctx)
}

func (l *Lab) waitArgo(ctx context.Context) error {
	return pollHTTP(ctx, "the Argo Rollouts controller", "http://"+process.Loopback(l.ports.argoHealth)+"/healthz")
}

// RestartArgo restarts the Argo Rollouts controller. A controller drops events
// about an object after the first 25, and gives it one more every five minutes.
// In a cluster a rollout's first revision is long past when the next one comes;
// here it is seconds, and a restart makes up for the difference.
func (l *Lab) RestartArgo(ctx context.Context) error {
	if err := l.procs.Restart(rolloutsController); err != nil {
		return err
	}
	return l.waitArgo(ctx)
}

// writeCredentials writes the tokens the API server accepts, and the key with
// which it signs those of service accounts.
func (l *Lab) writeCredentials(adminToken, readerToken string) error {
	tokens := adminToken + ",admin,admin,system:masters\n" + readerToken + ",debrief,debrief\n"
	if err := os.WriteFile(l.path("tokens.csv"), []byte(tokens), 0o600); err != nil {
		return fmt.Errorf("writing the tokens: %w", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making the service account key: %w", err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if err := os.WriteFile(l.path("service-accounts.pem"), pem.EncodeToMemory(block), 0o600); err != nil {
		return fmt.Errorf("writing the service account key: %w", err)
	}
	return nil
}

// writeKubeconfig writes a user's kubeconfig and returns its path.
func (l *Lab) writeKubeconfig(user, token, certificate string) (string, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters["lab"] = &clientcmdapi.Cluster{
		Server:               "https://" + process.Loopback(l.ports.apiServer),
		CertificateAuthority: certificate,
	}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["lab"] = &clientcmdapi.Context{Cluster: "lab", AuthInfo: user}
	config.CurrentContext = "lab"
	path := l.path(user + ".kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("writing the kubeconfig of %s: %w", user, err)
	}
	return path, nil
}

// randomToken is a bearer token for this lab alone.
func randomToken() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails, by its contract
	return hex.EncodeToString(b)
}

// pollHTTP waits until an address answers 200.
func pollHTTP(ctx context.Context, what, url string) error {
	return process.Poll(ctx, what, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, strings.NewReader(""))
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", url, resp.Status)
		}
		return nil
	})
}
