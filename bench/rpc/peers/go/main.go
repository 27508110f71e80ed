// The echo service of bench/rpc on grpc-go: go-echo ADDRESS [CERT KEY].
//
// BytesValue has the shape of bench.Msg (bytes, field 1), so that no code has to be generated for the bench.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	maxMessage   = 64 << 20
	streamWindow = 1 << 20
	connWindow   = 16 << 20
)

type echoServer interface {
	unary(context.Context, *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error)
}

type echo struct{}

func (echo) unary(_ context.Context, m *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	return m, nil
}

func unary(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	m := new(wrapperspb.BytesValue)
	if err := decode(m); err != nil {
		return nil, err
	}
	return srv.(echoServer).unary(ctx, m)
}

func bidi(_ any, raw grpc.ServerStream) error {
	s := grpc.GenericServerStream[wrapperspb.BytesValue, wrapperspb.BytesValue]{ServerStream: raw}
	for {
		m, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(m); err != nil {
			return err
		}
	}
}

var service = grpc.ServiceDesc{
	ServiceName: "bench.Echo",
	HandlerType: (*echoServer)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: unary}},
	Streams:     []grpc.StreamDesc{{StreamName: "Bidi", Handler: bidi, ServerStreams: true, ClientStreams: true}},
}

func run(args []string) error {
	opts := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connWindow),
	}
	if len(args) == 3 {
		creds, err := credentials.NewServerTLSFromFile(args[1], args[2])
		if err != nil {
			return err
		}
		opts = append(opts, grpc.Creds(creds))
	}
	listener, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	server := grpc.NewServer(opts...)
	server.RegisterService(&service, echo{})
	return server.Serve(listener)
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		log.Fatal("usage: go-echo ADDRESS [CERT KEY]")
	}
	log.Fatal(run(os.Args[1:]))
}
