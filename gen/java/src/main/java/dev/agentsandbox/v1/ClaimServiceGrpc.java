package dev.agentsandbox.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Hands out sandboxes. Every call honours its deadline and its cancellation.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class ClaimServiceGrpc {

  private ClaimServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "agentsandbox.v1.ClaimService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.CreateClaimRequest,
      dev.agentsandbox.v1.CreateClaimResponse> getCreateClaimMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateClaim",
      requestType = dev.agentsandbox.v1.CreateClaimRequest.class,
      responseType = dev.agentsandbox.v1.CreateClaimResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.CreateClaimRequest,
      dev.agentsandbox.v1.CreateClaimResponse> getCreateClaimMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.CreateClaimRequest, dev.agentsandbox.v1.CreateClaimResponse> getCreateClaimMethod;
    if ((getCreateClaimMethod = ClaimServiceGrpc.getCreateClaimMethod) == null) {
      synchronized (ClaimServiceGrpc.class) {
        if ((getCreateClaimMethod = ClaimServiceGrpc.getCreateClaimMethod) == null) {
          ClaimServiceGrpc.getCreateClaimMethod = getCreateClaimMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.CreateClaimRequest, dev.agentsandbox.v1.CreateClaimResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateClaim"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.CreateClaimRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.CreateClaimResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ClaimServiceMethodDescriptorSupplier("CreateClaim"))
              .build();
        }
      }
    }
    return getCreateClaimMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetClaimRequest,
      dev.agentsandbox.v1.GetClaimResponse> getGetClaimMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetClaim",
      requestType = dev.agentsandbox.v1.GetClaimRequest.class,
      responseType = dev.agentsandbox.v1.GetClaimResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetClaimRequest,
      dev.agentsandbox.v1.GetClaimResponse> getGetClaimMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetClaimRequest, dev.agentsandbox.v1.GetClaimResponse> getGetClaimMethod;
    if ((getGetClaimMethod = ClaimServiceGrpc.getGetClaimMethod) == null) {
      synchronized (ClaimServiceGrpc.class) {
        if ((getGetClaimMethod = ClaimServiceGrpc.getGetClaimMethod) == null) {
          ClaimServiceGrpc.getGetClaimMethod = getGetClaimMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.GetClaimRequest, dev.agentsandbox.v1.GetClaimResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetClaim"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetClaimRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetClaimResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ClaimServiceMethodDescriptorSupplier("GetClaim"))
              .build();
        }
      }
    }
    return getGetClaimMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListClaimsRequest,
      dev.agentsandbox.v1.ListClaimsResponse> getListClaimsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListClaims",
      requestType = dev.agentsandbox.v1.ListClaimsRequest.class,
      responseType = dev.agentsandbox.v1.ListClaimsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListClaimsRequest,
      dev.agentsandbox.v1.ListClaimsResponse> getListClaimsMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListClaimsRequest, dev.agentsandbox.v1.ListClaimsResponse> getListClaimsMethod;
    if ((getListClaimsMethod = ClaimServiceGrpc.getListClaimsMethod) == null) {
      synchronized (ClaimServiceGrpc.class) {
        if ((getListClaimsMethod = ClaimServiceGrpc.getListClaimsMethod) == null) {
          ClaimServiceGrpc.getListClaimsMethod = getListClaimsMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ListClaimsRequest, dev.agentsandbox.v1.ListClaimsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListClaims"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListClaimsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListClaimsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ClaimServiceMethodDescriptorSupplier("ListClaims"))
              .build();
        }
      }
    }
    return getListClaimsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchClaimsRequest,
      dev.agentsandbox.v1.WatchClaimsResponse> getWatchClaimsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchClaims",
      requestType = dev.agentsandbox.v1.WatchClaimsRequest.class,
      responseType = dev.agentsandbox.v1.WatchClaimsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchClaimsRequest,
      dev.agentsandbox.v1.WatchClaimsResponse> getWatchClaimsMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchClaimsRequest, dev.agentsandbox.v1.WatchClaimsResponse> getWatchClaimsMethod;
    if ((getWatchClaimsMethod = ClaimServiceGrpc.getWatchClaimsMethod) == null) {
      synchronized (ClaimServiceGrpc.class) {
        if ((getWatchClaimsMethod = ClaimServiceGrpc.getWatchClaimsMethod) == null) {
          ClaimServiceGrpc.getWatchClaimsMethod = getWatchClaimsMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.WatchClaimsRequest, dev.agentsandbox.v1.WatchClaimsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchClaims"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchClaimsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchClaimsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ClaimServiceMethodDescriptorSupplier("WatchClaims"))
              .build();
        }
      }
    }
    return getWatchClaimsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.RenewClaimRequest,
      dev.agentsandbox.v1.RenewClaimResponse> getRenewClaimMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RenewClaim",
      requestType = dev.agentsandbox.v1.RenewClaimRequest.class,
      responseType = dev.agentsandbox.v1.RenewClaimResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.RenewClaimRequest,
      dev.agentsandbox.v1.RenewClaimResponse> getRenewClaimMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.RenewClaimRequest, dev.agentsandbox.v1.RenewClaimResponse> getRenewClaimMethod;
    if ((getRenewClaimMethod = ClaimServiceGrpc.getRenewClaimMethod) == null) {
      synchronized (ClaimServiceGrpc.class) {
        if ((getRenewClaimMethod = ClaimServiceGrpc.getRenewClaimMethod) == null) {
          ClaimServiceGrpc.getRenewClaimMethod = getRenewClaimMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.RenewClaimRequest, dev.agentsandbox.v1.RenewClaimResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RenewClaim"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RenewClaimRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RenewClaimResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ClaimServiceMethodDescriptorSupplier("RenewClaim"))
              .build();
        }
      }
    }
    return getRenewClaimMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteClaimRequest,
      dev.agentsandbox.v1.DeleteClaimResponse> getDeleteClaimMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteClaim",
      requestType = dev.agentsandbox.v1.DeleteClaimRequest.class,
      responseType = dev.agentsandbox.v1.DeleteClaimResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteClaimRequest,
      dev.agentsandbox.v1.DeleteClaimResponse> getDeleteClaimMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteClaimRequest, dev.agentsandbox.v1.DeleteClaimResponse> getDeleteClaimMethod;
    if ((getDeleteClaimMethod = ClaimServiceGrpc.getDeleteClaimMethod) == null) {
      synchronized (ClaimServiceGrpc.class) {
        if ((getDeleteClaimMethod = ClaimServiceGrpc.getDeleteClaimMethod) == null) {
          ClaimServiceGrpc.getDeleteClaimMethod = getDeleteClaimMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.DeleteClaimRequest, dev.agentsandbox.v1.DeleteClaimResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteClaim"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.DeleteClaimRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.DeleteClaimResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ClaimServiceMethodDescriptorSupplier("DeleteClaim"))
              .build();
        }
      }
    }
    return getDeleteClaimMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static ClaimServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ClaimServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ClaimServiceStub>() {
        @java.lang.Override
        public ClaimServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ClaimServiceStub(channel, callOptions);
        }
      };
    return ClaimServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static ClaimServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ClaimServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ClaimServiceBlockingV2Stub>() {
        @java.lang.Override
        public ClaimServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ClaimServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return ClaimServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static ClaimServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ClaimServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ClaimServiceBlockingStub>() {
        @java.lang.Override
        public ClaimServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ClaimServiceBlockingStub(channel, callOptions);
        }
      };
    return ClaimServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static ClaimServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ClaimServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ClaimServiceFutureStub>() {
        @java.lang.Override
        public ClaimServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ClaimServiceFutureStub(channel, callOptions);
        }
      };
    return ClaimServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Hands out sandboxes. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Claims a sandbox and waits until it is ready or the deadline passes. Idempotent by request_id: the same id with the
     * same spec gives the same claim; with another spec ALREADY_EXISTS.
     * Errors: NOT_FOUND (PoolNotFound, TemplateNotFound), INVALID_ARGUMENT (BadRequest), DEADLINE_EXCEEDED (ProbeTimeout, Timeout: the
     * message says what it waited for; the claim stays unless delete_on_failure), FAILED_PRECONDITION (RuntimeClassUnavailable, ImageNotFound, PodSpecUnsupported).
     * </pre>
     */
    default void createClaim(dev.agentsandbox.v1.CreateClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.CreateClaimResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateClaimMethod(), responseObserver);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ClaimNotFound).
     * </pre>
     */
    default void getClaim(dev.agentsandbox.v1.GetClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetClaimResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetClaimMethod(), responseObserver);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    default void listClaims(dev.agentsandbox.v1.ListClaimsRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListClaimsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListClaimsMethod(), responseObserver);
    }

    /**
     * <pre>
     * The present claims as ADDED, then each change. Errors: OUT_OF_RANGE (Expired): resource_version is too old, list anew.
     * </pre>
     */
    default void watchClaims(dev.agentsandbox.v1.WatchClaimsRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchClaimsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchClaimsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Moves the claim's end. Errors: NOT_FOUND (ClaimNotFound), FAILED_PRECONDITION (ClaimFinished).
     * </pre>
     */
    default void renewClaim(dev.agentsandbox.v1.RenewClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RenewClaimResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRenewClaimMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends the sandbox with the claim. Deleting what is not there is NOT_FOUND unless allow_missing.
     * </pre>
     */
    default void deleteClaim(dev.agentsandbox.v1.DeleteClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteClaimResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteClaimMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service ClaimService.
   * <pre>
   * Hands out sandboxes. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static abstract class ClaimServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return ClaimServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service ClaimService.
   * <pre>
   * Hands out sandboxes. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ClaimServiceStub
      extends io.grpc.stub.AbstractAsyncStub<ClaimServiceStub> {
    private ClaimServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ClaimServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ClaimServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Claims a sandbox and waits until it is ready or the deadline passes. Idempotent by request_id: the same id with the
     * same spec gives the same claim; with another spec ALREADY_EXISTS.
     * Errors: NOT_FOUND (PoolNotFound, TemplateNotFound), INVALID_ARGUMENT (BadRequest), DEADLINE_EXCEEDED (ProbeTimeout, Timeout: the
     * message says what it waited for; the claim stays unless delete_on_failure), FAILED_PRECONDITION (RuntimeClassUnavailable, ImageNotFound, PodSpecUnsupported).
     * </pre>
     */
    public void createClaim(dev.agentsandbox.v1.CreateClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.CreateClaimResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateClaimMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ClaimNotFound).
     * </pre>
     */
    public void getClaim(dev.agentsandbox.v1.GetClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetClaimResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetClaimMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public void listClaims(dev.agentsandbox.v1.ListClaimsRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListClaimsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListClaimsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The present claims as ADDED, then each change. Errors: OUT_OF_RANGE (Expired): resource_version is too old, list anew.
     * </pre>
     */
    public void watchClaims(dev.agentsandbox.v1.WatchClaimsRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchClaimsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchClaimsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Moves the claim's end. Errors: NOT_FOUND (ClaimNotFound), FAILED_PRECONDITION (ClaimFinished).
     * </pre>
     */
    public void renewClaim(dev.agentsandbox.v1.RenewClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RenewClaimResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRenewClaimMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends the sandbox with the claim. Deleting what is not there is NOT_FOUND unless allow_missing.
     * </pre>
     */
    public void deleteClaim(dev.agentsandbox.v1.DeleteClaimRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteClaimResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteClaimMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service ClaimService.
   * <pre>
   * Hands out sandboxes. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ClaimServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<ClaimServiceBlockingV2Stub> {
    private ClaimServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ClaimServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ClaimServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Claims a sandbox and waits until it is ready or the deadline passes. Idempotent by request_id: the same id with the
     * same spec gives the same claim; with another spec ALREADY_EXISTS.
     * Errors: NOT_FOUND (PoolNotFound, TemplateNotFound), INVALID_ARGUMENT (BadRequest), DEADLINE_EXCEEDED (ProbeTimeout, Timeout: the
     * message says what it waited for; the claim stays unless delete_on_failure), FAILED_PRECONDITION (RuntimeClassUnavailable, ImageNotFound, PodSpecUnsupported).
     * </pre>
     */
    public dev.agentsandbox.v1.CreateClaimResponse createClaim(dev.agentsandbox.v1.CreateClaimRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateClaimMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ClaimNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.GetClaimResponse getClaim(dev.agentsandbox.v1.GetClaimRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetClaimMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public dev.agentsandbox.v1.ListClaimsResponse listClaims(dev.agentsandbox.v1.ListClaimsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListClaimsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The present claims as ADDED, then each change. Errors: OUT_OF_RANGE (Expired): resource_version is too old, list anew.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.agentsandbox.v1.WatchClaimsResponse>
        watchClaims(dev.agentsandbox.v1.WatchClaimsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchClaimsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Moves the claim's end. Errors: NOT_FOUND (ClaimNotFound), FAILED_PRECONDITION (ClaimFinished).
     * </pre>
     */
    public dev.agentsandbox.v1.RenewClaimResponse renewClaim(dev.agentsandbox.v1.RenewClaimRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRenewClaimMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends the sandbox with the claim. Deleting what is not there is NOT_FOUND unless allow_missing.
     * </pre>
     */
    public dev.agentsandbox.v1.DeleteClaimResponse deleteClaim(dev.agentsandbox.v1.DeleteClaimRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteClaimMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service ClaimService.
   * <pre>
   * Hands out sandboxes. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ClaimServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<ClaimServiceBlockingStub> {
    private ClaimServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ClaimServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ClaimServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Claims a sandbox and waits until it is ready or the deadline passes. Idempotent by request_id: the same id with the
     * same spec gives the same claim; with another spec ALREADY_EXISTS.
     * Errors: NOT_FOUND (PoolNotFound, TemplateNotFound), INVALID_ARGUMENT (BadRequest), DEADLINE_EXCEEDED (ProbeTimeout, Timeout: the
     * message says what it waited for; the claim stays unless delete_on_failure), FAILED_PRECONDITION (RuntimeClassUnavailable, ImageNotFound, PodSpecUnsupported).
     * </pre>
     */
    public dev.agentsandbox.v1.CreateClaimResponse createClaim(dev.agentsandbox.v1.CreateClaimRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateClaimMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ClaimNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.GetClaimResponse getClaim(dev.agentsandbox.v1.GetClaimRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetClaimMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public dev.agentsandbox.v1.ListClaimsResponse listClaims(dev.agentsandbox.v1.ListClaimsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListClaimsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The present claims as ADDED, then each change. Errors: OUT_OF_RANGE (Expired): resource_version is too old, list anew.
     * </pre>
     */
    public java.util.Iterator<dev.agentsandbox.v1.WatchClaimsResponse> watchClaims(
        dev.agentsandbox.v1.WatchClaimsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchClaimsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Moves the claim's end. Errors: NOT_FOUND (ClaimNotFound), FAILED_PRECONDITION (ClaimFinished).
     * </pre>
     */
    public dev.agentsandbox.v1.RenewClaimResponse renewClaim(dev.agentsandbox.v1.RenewClaimRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRenewClaimMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends the sandbox with the claim. Deleting what is not there is NOT_FOUND unless allow_missing.
     * </pre>
     */
    public dev.agentsandbox.v1.DeleteClaimResponse deleteClaim(dev.agentsandbox.v1.DeleteClaimRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteClaimMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service ClaimService.
   * <pre>
   * Hands out sandboxes. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ClaimServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<ClaimServiceFutureStub> {
    private ClaimServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ClaimServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ClaimServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Claims a sandbox and waits until it is ready or the deadline passes. Idempotent by request_id: the same id with the
     * same spec gives the same claim; with another spec ALREADY_EXISTS.
     * Errors: NOT_FOUND (PoolNotFound, TemplateNotFound), INVALID_ARGUMENT (BadRequest), DEADLINE_EXCEEDED (ProbeTimeout, Timeout: the
     * message says what it waited for; the claim stays unless delete_on_failure), FAILED_PRECONDITION (RuntimeClassUnavailable, ImageNotFound, PodSpecUnsupported).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.CreateClaimResponse> createClaim(
        dev.agentsandbox.v1.CreateClaimRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateClaimMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ClaimNotFound).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.GetClaimResponse> getClaim(
        dev.agentsandbox.v1.GetClaimRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetClaimMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ListClaimsResponse> listClaims(
        dev.agentsandbox.v1.ListClaimsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListClaimsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Moves the claim's end. Errors: NOT_FOUND (ClaimNotFound), FAILED_PRECONDITION (ClaimFinished).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.RenewClaimResponse> renewClaim(
        dev.agentsandbox.v1.RenewClaimRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRenewClaimMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends the sandbox with the claim. Deleting what is not there is NOT_FOUND unless allow_missing.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.DeleteClaimResponse> deleteClaim(
        dev.agentsandbox.v1.DeleteClaimRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteClaimMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_CLAIM = 0;
  private static final int METHODID_GET_CLAIM = 1;
  private static final int METHODID_LIST_CLAIMS = 2;
  private static final int METHODID_WATCH_CLAIMS = 3;
  private static final int METHODID_RENEW_CLAIM = 4;
  private static final int METHODID_DELETE_CLAIM = 5;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_CREATE_CLAIM:
          serviceImpl.createClaim((dev.agentsandbox.v1.CreateClaimRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.CreateClaimResponse>) responseObserver);
          break;
        case METHODID_GET_CLAIM:
          serviceImpl.getClaim((dev.agentsandbox.v1.GetClaimRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetClaimResponse>) responseObserver);
          break;
        case METHODID_LIST_CLAIMS:
          serviceImpl.listClaims((dev.agentsandbox.v1.ListClaimsRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListClaimsResponse>) responseObserver);
          break;
        case METHODID_WATCH_CLAIMS:
          serviceImpl.watchClaims((dev.agentsandbox.v1.WatchClaimsRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchClaimsResponse>) responseObserver);
          break;
        case METHODID_RENEW_CLAIM:
          serviceImpl.renewClaim((dev.agentsandbox.v1.RenewClaimRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RenewClaimResponse>) responseObserver);
          break;
        case METHODID_DELETE_CLAIM:
          serviceImpl.deleteClaim((dev.agentsandbox.v1.DeleteClaimRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteClaimResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCreateClaimMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.CreateClaimRequest,
              dev.agentsandbox.v1.CreateClaimResponse>(
                service, METHODID_CREATE_CLAIM)))
        .addMethod(
          getGetClaimMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.GetClaimRequest,
              dev.agentsandbox.v1.GetClaimResponse>(
                service, METHODID_GET_CLAIM)))
        .addMethod(
          getListClaimsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ListClaimsRequest,
              dev.agentsandbox.v1.ListClaimsResponse>(
                service, METHODID_LIST_CLAIMS)))
        .addMethod(
          getWatchClaimsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.WatchClaimsRequest,
              dev.agentsandbox.v1.WatchClaimsResponse>(
                service, METHODID_WATCH_CLAIMS)))
        .addMethod(
          getRenewClaimMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.RenewClaimRequest,
              dev.agentsandbox.v1.RenewClaimResponse>(
                service, METHODID_RENEW_CLAIM)))
        .addMethod(
          getDeleteClaimMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.DeleteClaimRequest,
              dev.agentsandbox.v1.DeleteClaimResponse>(
                service, METHODID_DELETE_CLAIM)))
        .build();
  }

  private static abstract class ClaimServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    ClaimServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.agentsandbox.v1.ClaimOuterClass.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("ClaimService");
    }
  }

  private static final class ClaimServiceFileDescriptorSupplier
      extends ClaimServiceBaseDescriptorSupplier {
    ClaimServiceFileDescriptorSupplier() {}
  }

  private static final class ClaimServiceMethodDescriptorSupplier
      extends ClaimServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    ClaimServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (ClaimServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new ClaimServiceFileDescriptorSupplier())
              .addMethod(getCreateClaimMethod())
              .addMethod(getGetClaimMethod())
              .addMethod(getListClaimsMethod())
              .addMethod(getWatchClaimsMethod())
              .addMethod(getRenewClaimMethod())
              .addMethod(getDeleteClaimMethod())
              .build();
        }
      }
    }
    return result;
  }
}
