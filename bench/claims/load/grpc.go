package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	v1 "agentsandbox.dev/gen/go/agentsandbox/v1"
)

// door is where ClaimService listens, and who calls it.
type door struct {
	address, ca, token string
}

func (d *door) dial() *grpc.ClientConn {
	pem, err := os.ReadFile(d.ca)
	must(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		must(errors.New("no certificate in " + d.ca))
	}
	conn, err := grpc.NewClient(d.address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool})))
	must(err)
	return conn
}

// call makes n claims through ClaimService, one after another: from the call to its answer, which says ready.
func (b *bench) call(d *door, n int) {
	conn := d.dial()
	defer conn.Close()
	claims := v1.NewClaimServiceClient(conn)
	ctx, cancel := context.WithTimeout(context.Background(), 120*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+d.token)
	// The connection is made, and the caller known, before anything is timed.
	_, err := claims.ListClaims(ctx, &v1.ListClaimsRequest{Namespace: b.namespace})
	must(err)

	given := map[string]bool{}
	for i := range n {
		request := &v1.CreateClaimRequest{Namespace: b.namespace, Name: fmt.Sprintf("%s-%d", b.prefix, i),
			Spec: &v1.ClaimSpec{Source: &v1.ClaimSpec_Pool{Pool: b.pool}}}
		start := time.Now()
		answer, err := claims.CreateClaim(ctx, request)
		took := ms(time.Since(start))
		must(err)
		given[answer.GetClaim().GetSandbox().GetName()] = true
		b.result.ReadyMs = append(b.result.ReadyMs, took)
		b.result.AckMs = append(b.result.AckMs, took)
	}
	b.result.Doubles = n - len(given)
}
