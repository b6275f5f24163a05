! Fortran with mpi_f08: choice buffers, MPI_STATUS_IGNORE, derived status, sections, non-blocking and persistent calls.
! @np 2 3
program hello
    use mpi_f08
    implicit none
    integer :: rank, size, right, left, i, count
    real(8) :: out(1000), in(1000), matrix(20, 20)
    type(MPI_Status) :: status, statuses(2)
    type(MPI_Request) :: requests(2)
    call MPI_Init()
    call MPI_Comm_rank(MPI_COMM_WORLD, rank)
    call MPI_Comm_size(MPI_COMM_WORLD, size)
    right = mod(rank + 1, size)
    left = mod(rank + size - 1, size)
    out = [(real(rank * 1000 + i, 8), i = 1, 1000)]
    if (rank == 0) then
        call MPI_Send(out, 1000, MPI_DOUBLE_PRECISION, right, 1, MPI_COMM_WORLD)
        call MPI_Recv(in, 1000, MPI_DOUBLE_PRECISION, left, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
    else
        call MPI_Recv(in, 1000, MPI_DOUBLE_PRECISION, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, status)
        if (status%MPI_SOURCE /= left) call MPI_Abort(MPI_COMM_WORLD, 3)
        call MPI_Get_count(status, MPI_DOUBLE_PRECISION, count)
        if (count /= 1000) call MPI_Abort(MPI_COMM_WORLD, 4)
        call MPI_Send(out, 1000, MPI_DOUBLE_PRECISION, right, 1, MPI_COMM_WORLD)
    end if
    if (in(1000) /= left * 1000 + 1000) call MPI_Abort(MPI_COMM_WORLD, 5)
    call MPI_Irecv(in, 500, MPI_DOUBLE_PRECISION, left, 2, MPI_COMM_WORLD, requests(1))
    call MPI_Isend(out(501), 500, MPI_DOUBLE_PRECISION, right, 2, MPI_COMM_WORLD, requests(2))
    call MPI_Waitall(2, requests, statuses)
    if (in(1) /= left * 1000 + 501 .or. statuses(1)%MPI_TAG /= 2) call MPI_Abort(MPI_COMM_WORLD, 6)
    matrix = rank
    call MPI_Sendrecv_replace(matrix, 400, MPI_DOUBLE_PRECISION, right, 3, left, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
    call MPI_Send_init(out, 10, MPI_DOUBLE_PRECISION, right, 4, MPI_COMM_WORLD, requests(1))
    call MPI_Recv_init(in, 10, MPI_DOUBLE_PRECISION, left, 4, MPI_COMM_WORLD, requests(2))
    do i = 1, 3
        call MPI_Startall(2, requests)
        call MPI_Waitall(2, requests, MPI_STATUSES_IGNORE)
    end do
    call MPI_Request_free(requests(1))
    call MPI_Request_free(requests(2))
    call MPI_Barrier(MPI_COMM_WORLD)
    print '(a,i0,a,f8.1,a,f8.1)', 'rank ', rank, ': ', matrix(20, 20), ' ', in(10)
    call MPI_Finalize()
end program
