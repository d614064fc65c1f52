package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/copies"
)

// Folders of a data folder that copies use.
const (
	copiesFolder   = "copies"   // journals of what was shipped where
	receivedFolder = "received" // what other vaults shipped here
)

const (
	tidyEvery = 10 * time.Minute
	lastRound = 20 * time.Second // for what is new when the server stops
)

// OpenCopy opens the place that an entry of the configuration names. reading
// says whose copy is to be read where the place keeps those of several.
func OpenCopy(c config.Copy, reading string) (copies.Store, error) {
	to, err := url.Parse(c.To)
	if err != nil {
		return nil, fmt.Errorf("server: copies: %q is no address", c.To)
	}
	switch to.Scheme {
	case "s3":
		return copies.OpenS3(copies.S3Options{
			To: c.To, Endpoint: c.Endpoint, Region: c.Region, AccessKeyFile: c.AccessKeyFile, SecretKeyFile: c.SecretKeyFile, CAFile: c.CAFile,
		})
	case "https":
		return copies.OpenPeer(copies.PeerOptions{To: c.To, Certificate: c.Certificate, Key: c.Key, CAFile: c.CAFile, Sender: reading})
	case "file":
		return copies.NewFolder(filepath.FromSlash(to.Path)), nil
	}
	return nil, fmt.Errorf("server: copies: %q is neither s3://bucket/prefix, https://host:port nor file:///folder", c.To)
}

// CopyJournal names the file in a data folder that remembers what a place has.
func CopyJournal(dir string, c config.Copy) string {
	sum := sha256.Sum256([]byte(c.To))
	return filepath.Join(dir, copiesFolder, hex.EncodeToString(sum[:8])+".journal")
}

// shipping is what ships the vault of a server.
type shipping struct {
	shippers []*copies.Shipper
	first    atomic.Pointer[copies.Shipper] // that an append waits for, once there is one
}

// second is what the vault calls before it acknowledges.
func (s *shipping) second(ctx context.Context, first, last uint64, frames []byte) error {
	sh := s.first.Load()
	if sh == nil {
		return errors.New("the second copy is not open yet")
	}
	return sh.Second(ctx, first, last, frames)
}

// secondOf says what the vault must wait for, by the configuration.
func (s *shipping) secondOf(c config.Config) func(context.Context, uint64, uint64, []byte) error {
	if c.Acknowledge != config.AcknowledgeCopy {
		return nil
	}
	return s.second
}

// open opens the places and their journals, once the vault is ours.
func (s *shipping) open(dir string, opts Options, v *vault.Vault) error {
	for i, c := range opts.Config.Copies {
		wait := opts.Config.Acknowledge == config.AcknowledgeCopy && i == 0
		if !opts.Live && !wait {
			continue // only serving ships in the background
		}
		store, err := OpenCopy(c, "")
		if err != nil {
			return err
		}
		o := copies.Options{
			Every: c.Every, Journal: CopyJournal(dir, c), Logger: opts.Logger,
			Alarm: func(a copies.Alarm) { alarm(opts.Logger, a) },
		}
		o.Until = PolicyOf(opts.Config).Until
		if !c.Retention.Endless() {
			o.Until = func(_ []string, last time.Time) time.Time { return c.Retention.After(last) }
		}
		sh, err := copies.NewShipper(v, store, o)
		if err != nil {
			return err
		}
		s.shippers = append(s.shippers, sh)
		if wait {
			s.first.Store(sh)
		}
	}
	return nil
}

func alarm(logger *slog.Logger, a copies.Alarm) {
	logger.Error("a copy was interfered with", "store", a.Store, "name", a.Name, "what", a.What)
}

// close seals and ships what is new, as far as that is quick, and gives the
// journals up.
func (s *shipping) close(v *vault.Vault, logger *slog.Logger) error {
	var errs []error
	if len(s.shippers) > 0 {
		errs = append(errs, v.Seal(context.Background())) // so that a checkpoint of everything is shipped
	}
	for _, sh := range s.shippers {
		if errs[0] == nil {
			ctx, cancel := context.WithTimeout(context.Background(), lastRound)
			if err := sh.Last(ctx); err != nil {
				logger.Warn("what is new could not be shipped before stopping", "error", err)
			}
			cancel()
		}
		errs = append(errs, sh.Close())
	}
	s.shippers = nil
	return errors.Join(errs...)
}

// Copies tells how far each copy is.
func (s *Server) Copies() []copies.Status {
	var out []copies.Status
	for _, sh := range s.shipping.shippers {
		out = append(out, sh.Status())
	}
	return out
}

// serveCopies ships, and takes in what other vaults ship, until the group ends.
func (s *Server) serveCopies(run *group) (address string, err error) {
	for _, sh := range s.shipping.shippers {
		run.start(sh.Run)
	}
	r := s.Config.Receive
	if r.Listen == "" {
		return "", nil
	}
	pair, err := tls.LoadX509KeyPair(r.Certificate, r.Key)
	if err != nil {
		return "", fmt.Errorf("server: receive: %w", err)
	}
	b, err := os.ReadFile(r.ClientCAFile)
	if err != nil {
		return "", fmt.Errorf("server: receive: client_ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return "", fmt.Errorf("server: receive: client_ca_file: %s holds no PEM certificate", r.ClientCAFile)
	}
	receiver, err := copies.NewReceiver(copies.ReceiverOptions{
		Dir: filepath.Join(s.Dir, receivedFolder), Senders: parties(r.Senders), Readers: parties(r.Readers), Logger: s.logger,
		Alarm: func(a copies.Alarm) { alarm(s.logger, a) },
	})
	if err != nil {
		return "", fmt.Errorf("server: %w", err)
	}
	l, err := net.Listen("tcp", r.Listen)
	if err != nil {
		return "", errors.Join(fmt.Errorf("server: receive: listen on %s: %w", r.Listen, err), receiver.Close())
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	srv := &http.Server{
		Handler: receiver, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelInfo),
	}
	run.start(func(ctx context.Context) error {
		stopped := context.AfterFunc(ctx, func() {
			grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = srv.Shutdown(grace)
		})
		defer stopped()
		err := srv.Serve(tls.NewListener(l, config))
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		return errors.Join(err, receiver.Close())
	})
	run.start(func(ctx context.Context) error { return s.tidyCopies(ctx, receiver) })
	return "https://" + l.Addr().String(), nil
}

func parties(from []config.Party) (out []copies.Party) {
	for _, p := range from {
		out = append(out, copies.Party(p))
	}
	return out
}

// tidyCopies removes received tails that a received segment stands for.
func (s *Server) tidyCopies(ctx context.Context, r *copies.Receiver) error {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		done, err := r.Tidy(ctx)
		if err != nil && ctx.Err() == nil {
			s.logger.Error("received tails could not be looked through", "error", err)
		}
		if done.Removed > 0 {
			s.logger.Info("received tails removed, their segments are here", "removed", done.Removed, "bytes", done.Bytes, "kept", done.Kept)
		}
	}
}
